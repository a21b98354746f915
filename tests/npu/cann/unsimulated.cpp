// The rest of what torch_npu needs from libascendcl.so to load: functions that say yes and do nothing,
// where nothing depends on the answer, and functions that say that they are not simulated.
//
// Not simulated are graph capture (aclmdlRI*, so NPUGraph), profiling, memory that is mapped or shared
// between processes, and loading compiled kernels. What is missing altogether fails when torch_npu is
// loaded, with its name; symbols.py lists it.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>

#include "acl/acl.h"
#include "profiling/aprof_pub.h"
#include "torch_npu/csrc/inductor/mlir/hacl_rt.h"

namespace {

std::mutex lock;
std::map<aclSysParamOpt, int64_t> parameters;

aclError not_simulated(const char *function) {
    std::fprintf(stderr, "simcann: %s is not simulated\n", function);
    return ACL_ERROR_RT_FEATURE_NOT_SUPPORT;
}

rtError_t kernel_not_simulated(const char *function) {
    return static_cast<rtError_t>(not_simulated(function));
}

}  // namespace

extern "C" {

// ---------------------------------------------------------------------------------------------------
// Settings without an effect here: determinism, saturation, timeouts, and what to do after a failure.

aclError aclrtSetSysParamOpt(aclSysParamOpt name, int64_t value) {
    std::lock_guard<std::mutex> held(lock);
    parameters[name] = value;
    return ACL_SUCCESS;
}

aclError aclrtGetSysParamOpt(aclSysParamOpt name, int64_t *value) {
    std::lock_guard<std::mutex> held(lock);
    *value = parameters[name];
    return ACL_SUCCESS;
}

aclError aclrtCtxSetSysParamOpt(aclSysParamOpt name, int64_t value) {
    return aclrtSetSysParamOpt(name, value);
}

aclError aclrtSetDeviceSatMode(aclrtFloatOverflowMode) { return ACL_SUCCESS; }
aclError aclrtSetStreamOverflowSwitch(aclrtStream, uint32_t) { return ACL_SUCCESS; }
aclError aclrtSetStreamFailureMode(aclrtStream, uint64_t) { return ACL_SUCCESS; }
aclError aclrtSetOpExecuteTimeOut(uint32_t) { return ACL_SUCCESS; }
aclError aclrtSetOpWaitTimeout(uint32_t) { return ACL_SUCCESS; }

// ---------------------------------------------------------------------------------------------------
// There is nothing to start or to end. Nothing ever goes wrong on this device, and nothing is logged,
// dumped or called back.

aclError aclInit(const char *) { return ACL_SUCCESS; }
aclError aclFinalize() { return ACL_SUCCESS; }
const char *aclGetRecentErrMsg() { return ""; }
aclError aclrtPeekAtLastError(aclrtLastErrLevel) { return ACL_SUCCESS; }
aclError aclrtGetLastError(aclrtLastErrLevel) { return ACL_SUCCESS; }
aclError aclrtProcessReport(int32_t) { return ACL_SUCCESS; }
void aclAppLog(aclLogLevel, const char *, const char *, uint32_t, const char *, ...) {}
aclError aclmdlInitDump() { return ACL_SUCCESS; }
aclError aclmdlSetDump(const char *) { return ACL_SUCCESS; }
aclError aclmdlFinalizeDump() { return ACL_SUCCESS; }

// ---------------------------------------------------------------------------------------------------
// The profiler is told that its reports arrived.

int32_t MsprofRegisterCallback(uint32_t, ProfCommandHandle) { return MSPROF_ERROR_NONE; }
int32_t MsprofReportApi(uint32_t, const MsprofApi *) { return MSPROF_ERROR_NONE; }
int32_t MsprofReportCompactInfo(uint32_t, const VOID_PTR, uint32_t) { return MSPROF_ERROR_NONE; }
int32_t MsprofReportAdditionalInfo(uint32_t, const VOID_PTR, uint32_t) { return MSPROF_ERROR_NONE; }
uint64_t MsprofGetHashId(const char *, size_t) { return 0; }
uint64_t MsprofSysCycleTime() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

// ---------------------------------------------------------------------------------------------------
// Graph capture: no stream is ever being captured. Beginning a capture is missing altogether.

aclError aclmdlRICaptureGetInfo(aclrtStream, aclmdlRICaptureStatus *status, aclmdlRI *model) {
    *status = ACL_MODEL_RI_CAPTURE_STATUS_NONE;
    *model = nullptr;
    return ACL_SUCCESS;
}

// ---------------------------------------------------------------------------------------------------
// Other devices and processes: no device reaches the memory of another, no memory is mapped or shared,
// and whether some is pinned is not known: all of it is ordinary memory of the process.

aclError aclrtDeviceCanAccessPeer(int32_t *can, int32_t, int32_t) {
    *can = 0;
    return ACL_SUCCESS;
}

aclError aclrtPointerGetAttributes(const void *, aclrtPtrAttributes *attributes) {
    std::memset(attributes, 0, sizeof *attributes);
    attributes->location.type = ACL_MEM_LOCATION_TYPE_UNREGISTERED;
    return ACL_SUCCESS;
}

aclError aclrtDeviceEnablePeerAccess(int32_t, uint32_t) { return not_simulated(__func__); }
aclError aclrtDeviceGetBareTgid(int32_t *) { return not_simulated(__func__); }
aclError aclrtReleaseMemAddress(void *) { return not_simulated(__func__); }
aclError aclrtFreePhysical(aclrtDrvMemHandle) { return not_simulated(__func__); }
aclError aclrtUnmapMem(void *) { return not_simulated(__func__); }

aclError aclrtReserveMemAddress(void **, size_t, size_t, void *, uint64_t) {
    return not_simulated(__func__);
}

aclError aclrtMallocPhysical(aclrtDrvMemHandle *, size_t, const aclrtPhysicalMemProp *, uint64_t) {
    return not_simulated(__func__);
}

aclError aclrtMapMem(void *, size_t, size_t, aclrtDrvMemHandle, uint64_t) {
    return not_simulated(__func__);
}

aclError aclrtMemExportToShareableHandle(aclrtDrvMemHandle, aclrtMemHandleType, uint64_t, uint64_t *) {
    return not_simulated(__func__);
}

aclError aclrtMemImportFromShareableHandle(uint64_t, int32_t, aclrtDrvMemHandle *) {
    return not_simulated(__func__);
}

aclError aclrtMemSetPidToShareableHandle(uint64_t, int32_t *, size_t) { return not_simulated(__func__); }

// ---------------------------------------------------------------------------------------------------
// Compiled kernels.

aclError aclrtBinaryLoadFromData(const void *, size_t, const aclrtBinaryLoadOptions *, aclrtBinHandle *) {
    return not_simulated(__func__);
}

aclError aclrtBinaryGetFunction(const aclrtBinHandle, const char *, aclrtFuncHandle *) {
    return not_simulated(__func__);
}

aclError aclrtGetFunctionAddr(aclrtFuncHandle, void **, void **) { return not_simulated(__func__); }
rtError_t rtGetC2cCtrlAddr(uint64_t *, uint32_t *) { return kernel_not_simulated(__func__); }

rtError_t rtDevBinaryRegister(const rtDevBinary_t *, void **) {
    return kernel_not_simulated(__func__);
}

rtError_t rtFunctionRegister(void *, const void *, const char *, const void *, uint32_t) {
    return kernel_not_simulated(__func__);
}

rtError_t rtKernelLaunch(const void *, uint32_t, void *, uint32_t, rtSmDesc_t *, rtStream_t) {
    return kernel_not_simulated(__func__);
}

}  // extern "C"
