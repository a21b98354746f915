// A library that ends the process while it is loaded, as torch_npu 2.13 does beside a CUDA build of torch:
// both register the same key, and an exception in a static initialiser has nobody to catch it.
#include <stdexcept>

__attribute__((constructor)) static void crash() {
    throw std::runtime_error(
        "Duplicated key 'pinned_reserve_segment_size_mb' found in device-specific configuration parser "
        "hook registration");
}
