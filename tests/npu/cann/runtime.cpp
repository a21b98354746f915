// CANN's runtime (libascendcl.so) without a device: what torch_npu needs to allocate, copy, launch and time.
//
// Device memory is host memory, a stream is a point in time until which it is busy, an event is a point in
// time, and synchronising sleeps until then. So nothing is computed here, but a program that forgets to
// synchronise reads the wrong time and is caught.
//
// The declarations come from the headers in the torch_npu wheel: the compiler refuses a function that
// no longer has the signature torch_npu calls it with. What is accepted without effect, or refused, stands
// in unsimulated.cpp.
//
//   SIMCANN_DEVICES    how many devices there are                   1
//   SIMCANN_MEMORY_MB  memory of each                               4096
//   SIMCANN_SOC        the name of the chip                         Ascend910B3
//   SIMCANN_VERSION    the version of CANN and of the driver        9.1.0
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "acl/acl.h"

namespace {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using Lock = std::lock_guard<std::mutex>;

constexpr double COPY_BYTES_PER_US = 20e3;  // 20 GB/s
constexpr size_t ALIGNMENT = 512;

const char *setting(const char *name, const char *otherwise) {
    const char *value = std::getenv(name);
    return value ? value : otherwise;
}

size_t memory_per_device() { return std::stoull(setting("SIMCANN_MEMORY_MB", "4096")) << 20; }

// ---------------------------------------------------------------------------------------------------
// State. One lock for everything: nobody holds it while sleeping.

struct Stream {
    int device;
    int32_t id;
    Time busy_until;
};

struct Event {
    Time at;
    bool recorded = false;
};

struct Allocation {
    int device;
    size_t bytes;
};

std::mutex lock;
std::map<int, Stream> default_streams;  // what a null stream means, per device
std::set<Stream *> streams;
std::map<void *, Allocation> allocations;
std::map<int, size_t> used_bytes;
int32_t next_stream_id = 1;

constexpr int NO_DEVICE = -1;
thread_local int current_device = NO_DEVICE;

Stream &stream_of(aclrtStream handle) {
    if (handle) return *static_cast<Stream *>(handle);
    return default_streams.try_emplace(current_device, Stream{current_device, 0, Clock::now()}).first->second;
}

Event &event_of(aclrtEvent handle) { return *static_cast<Event *>(handle); }

// When the stream has done what it was given so far.
Time end_of(const Stream &stream) { return std::max(stream.busy_until, Clock::now()); }

void occupy(aclrtStream handle, double microseconds) {
    Lock held(lock);
    Stream &stream = stream_of(handle);
    std::chrono::duration<double, std::micro> length(microseconds);
    stream.busy_until = end_of(stream) + std::chrono::duration_cast<Clock::duration>(length);
}

// ---------------------------------------------------------------------------------------------------
// ASCEND_RT_VISIBLE_DEVICES is a list like "0,2"; the first entry that is no device ends it.

int visible_devices(int installed) {
    const char *list = std::getenv("ASCEND_RT_VISIBLE_DEVICES");
    if (!list) return installed;
    int visible = 0;
    for (char *end; *list; list = *end == ',' ? end + 1 : end) {
        long device = std::strtol(list, &end, 10);
        if (end == list || device < 0 || device >= installed) break;
        visible++;
    }
    return visible;
}

int device_count() {
    static const int count = visible_devices(std::stoi(setting("SIMCANN_DEVICES", "1")));
    return count;
}

}  // namespace

extern "C" {

// ---------------------------------------------------------------------------------------------------
// The test's own: a kernel that keeps a stream busy for a known time.

void simcann_launch(aclrtStream stream, double microseconds) { occupy(stream, microseconds); }

// ---------------------------------------------------------------------------------------------------
// What this is. CANN answers for a package by its name; here all have one version.

const char *aclrtGetSocName() { return setting("SIMCANN_SOC", "Ascend910B3"); }

aclError aclsysGetVersionStr(char *, char *version) {
    std::strncpy(version, setting("SIMCANN_VERSION", "9.1.0"), ACL_PKG_VERSION_MAX_SIZE - 1);
    return ACL_SUCCESS;
}

aclError aclsysGetCANNVersion(aclCANNPackageName, aclCANNPackageVersion *version) {
    std::memset(version, 0, sizeof *version);
    std::strncpy(version->version, setting("SIMCANN_VERSION", "9.1.0"), sizeof version->version - 1);
    return ACL_SUCCESS;
}

// ---------------------------------------------------------------------------------------------------
// Devices. Each thread chooses its own, and a context is nothing but the device.

aclError aclrtGetDeviceCount(uint32_t *count) {
    *count = device_count();
    return *count ? ACL_SUCCESS : ACL_ERROR_RT_DEV_SETUP_ERROR;
}

aclError aclrtSetDevice(int32_t device) {
    if (device < 0 || device >= device_count()) return ACL_ERROR_RT_INVALID_DEVICEID;
    current_device = device;
    return ACL_SUCCESS;
}

aclError aclrtGetDevice(int32_t *device) {
    if (current_device == NO_DEVICE) return ACL_ERROR_RT_CONTEXT_NULL;
    *device = current_device;
    return ACL_SUCCESS;
}

aclError aclrtResetDevice(int32_t) { return ACL_SUCCESS; }

aclError aclrtGetCurrentContext(aclrtContext *context) {
    if (current_device == NO_DEVICE) return ACL_ERROR_RT_CONTEXT_NULL;
    *context = reinterpret_cast<aclrtContext>(static_cast<intptr_t>(current_device) + 1);
    return ACL_SUCCESS;
}

aclError aclrtSetCurrentContext(aclrtContext context) {
    current_device = static_cast<int>(reinterpret_cast<intptr_t>(context)) - 1;
    return ACL_SUCCESS;
}

aclError aclrtGetPrimaryCtxState(int32_t, uint32_t *flags, int32_t *active) {
    if (flags) *flags = 0;
    *active = 1;
    return ACL_SUCCESS;
}

// The numbers of a 910B3.
aclError aclGetDeviceCapability(uint32_t, aclDeviceInfo what, int64_t *value) {
    switch (what) {
        case ACL_DEVICE_INFO_AI_CORE_NUM: *value = 20; return ACL_SUCCESS;
        case ACL_DEVICE_INFO_VECTOR_CORE_NUM: *value = 40; return ACL_SUCCESS;
        case ACL_DEVICE_INFO_L2_SIZE: *value = 192 << 20; return ACL_SUCCESS;
        default: return ACL_ERROR_RT_PARAM_INVALID;
    }
}

// Half busy, always: a number that a test can recognise. torch_npu gives the mean of both.
aclError aclrtGetDeviceUtilizationRate(int32_t, aclrtUtilizationInfo *rate) {
    std::memset(rate, 0, sizeof *rate);
    rate->cubeUtilization = rate->vectorUtilization = 50;
    return ACL_SUCCESS;
}

// ---------------------------------------------------------------------------------------------------
// Memory. A device that is full refuses, and PyTorch makes its OutOfMemoryError of that.

aclError aclrtGetMemInfo(aclrtMemAttr, size_t *free_bytes, size_t *total_bytes) {
    Lock held(lock);
    *total_bytes = memory_per_device();
    *free_bytes = *total_bytes - used_bytes[current_device];
    return ACL_SUCCESS;
}

aclError aclrtMalloc(void **pointer, size_t bytes, aclrtMemMallocPolicy) {
    Lock held(lock);
    size_t &used = used_bytes[current_device];
    if (used + bytes > memory_per_device()) return ACL_ERROR_RT_MEMORY_ALLOCATION;
    if (posix_memalign(pointer, ALIGNMENT, bytes)) return ACL_ERROR_RT_MEMORY_ALLOCATION;
    allocations[*pointer] = {current_device, bytes};
    used += bytes;
    return ACL_SUCCESS;
}

aclError aclrtMallocAlign32(void **pointer, size_t bytes, aclrtMemMallocPolicy policy) {
    return aclrtMalloc(pointer, bytes, policy);
}

aclError aclrtFree(void *pointer) {
    Lock held(lock);
    auto found = allocations.find(pointer);
    if (found == allocations.end()) return ACL_ERROR_RT_PARAM_INVALID;
    used_bytes[found->second.device] -= found->second.bytes;
    allocations.erase(found);
    std::free(pointer);
    return ACL_SUCCESS;
}

aclError aclrtMallocHost(void **pointer, size_t bytes) {
    return posix_memalign(pointer, ALIGNMENT, bytes) ? ACL_ERROR_RT_MEMORY_ALLOCATION : ACL_SUCCESS;
}

aclError aclrtMallocHostWithCfg(void **pointer, uint64_t bytes, aclrtMallocConfig *) {
    return aclrtMallocHost(pointer, bytes);
}

aclError aclrtFreeHost(void *pointer) {
    std::free(pointer);
    return ACL_SUCCESS;
}

// The bytes move at once, the stream is busy as if they had moved in its turn. So a missing wait is seen
// in times, never in values.

aclError aclrtMemcpy(void *to, size_t, const void *from, size_t bytes, aclrtMemcpyKind) {
    std::memcpy(to, from, bytes);
    return ACL_SUCCESS;
}

aclError aclrtMemcpyAsync(void *to, size_t, const void *from, size_t bytes, aclrtMemcpyKind,
                          aclrtStream stream) {
    std::memcpy(to, from, bytes);
    occupy(stream, bytes / COPY_BYTES_PER_US);
    return ACL_SUCCESS;
}

aclError aclrtMemset(void *pointer, size_t, int32_t value, size_t bytes) {
    std::memset(pointer, value, bytes);
    return ACL_SUCCESS;
}

aclError aclrtMemsetAsync(void *pointer, size_t, int32_t value, size_t bytes, aclrtStream) {
    std::memset(pointer, value, bytes);
    return ACL_SUCCESS;
}

// ---------------------------------------------------------------------------------------------------
// Streams: in order, independent of each other, and done at a time that is known when work is given.

aclError aclrtCreateStream(aclrtStream *handle) {
    Lock held(lock);
    Stream *stream = new Stream{current_device, next_stream_id++, Clock::now()};
    streams.insert(stream);
    *handle = stream;
    return ACL_SUCCESS;
}

aclError aclrtCreateStreamWithConfig(aclrtStream *handle, uint32_t, uint32_t) {
    return aclrtCreateStream(handle);
}

aclError aclrtDestroyStreamForce(aclrtStream handle) {
    Lock held(lock);
    streams.erase(&stream_of(handle));
    delete static_cast<Stream *>(handle);
    return ACL_SUCCESS;
}

aclError aclrtSynchronizeStream(aclrtStream handle) {
    Time end;
    {
        Lock held(lock);
        end = end_of(stream_of(handle));
    }
    std::this_thread::sleep_until(end);
    return ACL_SUCCESS;
}

aclError aclrtSynchronizeStreamWithTimeout(aclrtStream handle, int32_t) {
    return aclrtSynchronizeStream(handle);
}

aclError aclrtDestroyStream(aclrtStream handle) {
    aclrtSynchronizeStream(handle);
    return aclrtDestroyStreamForce(handle);
}

aclError aclrtSynchronizeDevice() {
    Time end;
    {
        Lock held(lock);
        end = end_of(stream_of(nullptr));
        for (const Stream *stream : streams)
            if (stream->device == current_device) end = std::max(end, stream->busy_until);
    }
    std::this_thread::sleep_until(end);
    return ACL_SUCCESS;
}

aclError aclrtSynchronizeDeviceWithTimeout(int32_t) { return aclrtSynchronizeDevice(); }

aclError aclrtStreamQuery(aclrtStream handle, aclrtStreamStatus *status) {
    Lock held(lock);
    bool idle = Clock::now() >= stream_of(handle).busy_until;
    *status = idle ? ACL_STREAM_STATUS_COMPLETE : ACL_STREAM_STATUS_NOT_READY;
    return ACL_SUCCESS;
}

aclError aclrtStreamGetId(aclrtStream handle, int32_t *id) {
    Lock held(lock);
    *id = stream_of(handle).id;
    return ACL_SUCCESS;
}

// ---------------------------------------------------------------------------------------------------
// Events: recording one marks the end of what the stream has been given so far.

aclError aclrtCreateEventExWithFlag(aclrtEvent *handle, uint32_t) {
    *handle = new Event;
    return ACL_SUCCESS;
}

aclError aclrtCreateEventWithFlag(aclrtEvent *handle, uint32_t flag) {
    return aclrtCreateEventExWithFlag(handle, flag);
}

aclError aclrtDestroyEvent(aclrtEvent handle) {
    delete static_cast<Event *>(handle);
    return ACL_SUCCESS;
}

aclError aclrtRecordEvent(aclrtEvent handle, aclrtStream stream) {
    Lock held(lock);
    event_of(handle) = {end_of(stream_of(stream)), true};
    return ACL_SUCCESS;
}

aclError aclrtResetEvent(aclrtEvent handle, aclrtStream) {
    Lock held(lock);
    event_of(handle).recorded = false;
    return ACL_SUCCESS;
}

aclError aclrtSynchronizeEvent(aclrtEvent handle) {
    Time at;
    {
        Lock held(lock);
        at = event_of(handle).at;
    }
    std::this_thread::sleep_until(at);
    return ACL_SUCCESS;
}

aclError aclrtQueryEventStatus(aclrtEvent handle, aclrtEventRecordedStatus *status) {
    Lock held(lock);
    const Event &event = event_of(handle);
    bool passed = event.recorded && Clock::now() >= event.at;
    *status = passed ? ACL_EVENT_RECORDED_STATUS_COMPLETE : ACL_EVENT_RECORDED_STATUS_NOT_READY;
    return ACL_SUCCESS;
}

// Nobody waits in the background here: a stream that waits for an event only becomes busy for longer.
aclError aclrtQueryEventWaitStatus(aclrtEvent, aclrtEventWaitStatus *status) {
    *status = ACL_EVENT_WAIT_STATUS_COMPLETE;
    return ACL_SUCCESS;
}

aclError aclrtStreamWaitEvent(aclrtStream handle, aclrtEvent event) {
    Lock held(lock);
    Stream &stream = stream_of(handle);
    stream.busy_until = std::max(stream.busy_until, event_of(event).at);
    return ACL_SUCCESS;
}

aclError aclrtEventElapsedTime(float *milliseconds, aclrtEvent start, aclrtEvent end) {
    Lock held(lock);
    std::chrono::duration<float, std::milli> between = event_of(end).at - event_of(start).at;
    *milliseconds = between.count();
    return ACL_SUCCESS;
}

aclError aclrtEventGetTimestamp(aclrtEvent handle, uint64_t *microseconds) {
    Lock held(lock);
    auto since = event_of(handle).at.time_since_epoch();
    *microseconds = std::chrono::duration_cast<std::chrono::microseconds>(since).count();
    return ACL_SUCCESS;
}

}  // extern "C"
