// CANN's operator compiler (libacl_op_compiler.so) without operators: it keeps the options it is given,
// and compiles nothing. The kernels that tests run are installed above it, see ../site/kernels.py; an
// operator that arrives here has none, and says its name.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "acl/acl.h"
#include "acl/acl_op_compiler.h"

struct aclTensorDesc {
    aclDataType type;
    aclFormat format;
    std::vector<int64_t> shape;
};
struct aclDataBuffer {};
struct aclopAttr {};
struct aclGraphDumpOption {};

namespace {

std::mutex lock;
std::map<aclCompileOpt, std::string> options;

aclError no_operator(const char *name) {
    std::fprintf(stderr, "simcann: operator %s has no simulated kernel\n", name);
    return ACL_ERROR_FEATURE_UNSUPPORTED;
}

// Compiling just in time is off on the 910B and later, on for what came before.
std::string jit_compile_by_default() {
    std::string chip = aclrtGetSocName();
    bool before = chip.rfind("Ascend310", 0) == 0 || chip.rfind("Ascend910A", 0) == 0;
    return before ? "enable" : "disable";
}

std::string option(aclCompileOpt name) {
    std::lock_guard<std::mutex> held(lock);
    auto found = options.find(name);
    if (found != options.end()) return found->second;
    return name == ACL_OP_JIT_COMPILE ? jit_compile_by_default() : "";
}

}  // namespace

extern "C" {

// ---------------------------------------------------------------------------------------------------
// Options: what was set is what is read. The size includes the terminating zero.

aclError aclSetCompileopt(aclCompileOpt name, const char *value) {
    std::lock_guard<std::mutex> held(lock);
    options[name] = value;
    return ACL_SUCCESS;
}

size_t aclGetCompileoptSize(aclCompileOpt name) { return option(name).size() + 1; }

aclError aclGetCompileopt(aclCompileOpt name, char *value, size_t size) {
    std::string text = option(name);
    if (size <= text.size()) return ACL_ERROR_INVALID_PARAM;
    std::memcpy(value, text.c_str(), text.size() + 1);
    return ACL_SUCCESS;
}

// ---------------------------------------------------------------------------------------------------
// Operators are described as for the real compiler, which then refuses each of them.

aclTensorDesc *aclCreateTensorDesc(aclDataType type, int n, const int64_t *shape, aclFormat format) {
    return new aclTensorDesc{type, format, {shape, shape + n}};
}

void aclDestroyTensorDesc(const aclTensorDesc *desc) { delete desc; }
aclDataType aclGetTensorDescType(const aclTensorDesc *desc) { return desc->type; }
aclFormat aclGetTensorDescFormat(const aclTensorDesc *desc) { return desc->format; }
size_t aclGetTensorDescNumDims(const aclTensorDesc *desc) { return desc->shape.size(); }

aclError aclGetTensorDescDimV2(const aclTensorDesc *desc, size_t i, int64_t *size) {
    if (i >= desc->shape.size()) return ACL_ERROR_INVALID_PARAM;
    *size = desc->shape[i];
    return ACL_SUCCESS;
}

void aclSetTensorDescName(aclTensorDesc *, const char *) {}
aclError aclSetTensorFormat(aclTensorDesc *, aclFormat) { return ACL_SUCCESS; }
aclError aclSetTensorPlaceMent(aclTensorDesc *, aclMemType) { return ACL_SUCCESS; }
aclError aclSetTensorShape(aclTensorDesc *, int, const int64_t *) { return ACL_SUCCESS; }

aclDataBuffer *aclCreateDataBuffer(void *, size_t) { return new aclDataBuffer; }

aclError aclDestroyDataBuffer(const aclDataBuffer *buffer) {
    delete buffer;
    return ACL_SUCCESS;
}

aclopAttr *aclopCreateAttr() { return new aclopAttr; }
void aclopDestroyAttr(const aclopAttr *attr) { delete attr; }
aclError aclopSetAttrBool(aclopAttr *, const char *, uint8_t) { return ACL_SUCCESS; }
aclError aclopSetAttrDataType(aclopAttr *, const char *, aclDataType) { return ACL_SUCCESS; }
aclError aclopSetAttrFloat(aclopAttr *, const char *, float) { return ACL_SUCCESS; }
aclError aclopSetAttrInt(aclopAttr *, const char *, int64_t) { return ACL_SUCCESS; }
aclError aclopSetAttrString(aclopAttr *, const char *, const char *) { return ACL_SUCCESS; }
aclError aclopSetAttrListBool(aclopAttr *, const char *, int, const uint8_t *) { return ACL_SUCCESS; }
aclError aclopSetAttrListFloat(aclopAttr *, const char *, int, const float *) { return ACL_SUCCESS; }
aclError aclopSetAttrListInt(aclopAttr *, const char *, int, const int64_t *) { return ACL_SUCCESS; }

aclError aclopSetAttrListListInt(aclopAttr *, const char *, int, const int *, const int64_t *const[]) {
    return ACL_SUCCESS;
}

aclError aclopCompileAndExecute(const char *name, int, const aclTensorDesc *const[],
                                const aclDataBuffer *const[], int, const aclTensorDesc *const[],
                                aclDataBuffer *const[], const aclopAttr *, aclopEngineType,
                                aclopCompileType, const char *, aclrtStream) {
    return no_operator(name);
}

aclError aclopCompileAndExecuteV2(const char *name, int, aclTensorDesc *[], aclDataBuffer *[], int,
                                  aclTensorDesc *[], aclDataBuffer *[], aclopAttr *, aclopEngineType,
                                  aclopCompileType, const char *, aclrtStream) {
    return no_operator(name);
}

aclError aclGenGraphAndDumpForOp(const char *name, int, const aclTensorDesc *const[],
                                 const aclDataBuffer *const[], int, const aclTensorDesc *const[],
                                 aclDataBuffer *const[], const aclopAttr *, aclopEngineType, const char *,
                                 const aclGraphDumpOption *) {
    return no_operator(name);
}

aclGraphDumpOption *aclCreateGraphDumpOpt() { return new aclGraphDumpOption; }

aclError aclDestroyGraphDumpOpt(const aclGraphDumpOption *dump) {
    delete dump;
    return ACL_SUCCESS;
}

}  // extern "C"
