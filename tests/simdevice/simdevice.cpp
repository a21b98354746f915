// A simulated accelerator for tests, on PyTorch's PrivateUse1.
//
// Values: the memory of a device is memory of the host. An operator is computed when it is launched, by
// PyTorch's own CPU kernels, so its values are those of the CPU.
//
// Time: a stream is the moment until which it is busy. A launch moves that moment on by the length of a
// kernel, and returns at once. An event is a copy of the moment; to synchronise is to sleep until it has
// come. So lengths are known exactly, and whoever forgets to synchronise measures too little.
//
// simdevice.py compiles this file and loads it.

#include <ATen/EmptyTensor.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/resize_native.h>
#include <ATen/ops/set_native.h>
#include <ATen/ops/unfold_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/util/ScopeExit.h>
#include <torch/library.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>

namespace {

using c10::Device;
using c10::DeviceIndex;
using c10::Stream;
using c10::StreamId;
using Clock = std::chrono::steady_clock;
using Moment = Clock::time_point;

constexpr auto kSim = c10::DeviceType::PrivateUse1;
constexpr int kMaxDevices = 16;       // MAX_DEVICES in simdevice.py
constexpr int kStreams = 32;          // of each device; number 0 is its default stream
constexpr size_t kGranularity = 512;  // bytes: what is allocated is a multiple of them
constexpr size_t kAll = 0;            // of PyTorch's statistics by pool: their sum

struct Settings {  // as in simdevice.py, which sets them
  int devices = 0;
  double kernel_s = 0, transfer_s = 0, launch_s = 0;
  int64_t memory_bytes = 0;
};

struct State {
  std::array<Moment, kStreams> busy_until{};
  int streams_given = 0;
  c10::CachingDeviceAllocator::DeviceStats memory;
};

Settings settings;
std::array<State, kMaxDevices> states;
std::mutex states_mutex;
std::atomic<int64_t> launches{0}, waits{0};

thread_local DeviceIndex current_device = 0;
thread_local std::array<StreamId, kMaxDevices> current_stream{};
thread_local bool computing = false;  // a kernel: what it calls is a part of it

// ---------------------------------------------------------------------------------------------- time

Clock::duration seconds(double s) {
  return std::chrono::round<Clock::duration>(std::chrono::duration<double>(s));
}

Moment& busy_until(const Stream& stream) { return states[stream.device_index()].busy_until[stream.id()]; }

Stream stream_of(DeviceIndex device, StreamId id) { return Stream(Stream::UNSAFE, {kSim, device}, id); }

Stream active_stream(DeviceIndex device) { return stream_of(device, current_stream[device]); }

// The moment when all that is on the stream will be done: now, where nothing is.
Moment end_of(const Stream& stream) {
  std::lock_guard<std::mutex> lock(states_mutex);
  return std::max(busy_until(stream), Clock::now());
}

void wait_until(Moment moment) {
  ++waits;
  std::this_thread::sleep_until(moment);
}

// Puts a kernel on the current stream of the current device. Its values exist when this returns; in
// time it ends `length_s` after what is before it. The launch takes at least `launch_s` of the host.
template <class Compute>
void launch(double length_s, const Compute& compute) {
  if (computing) return compute();
  const Moment launched = Clock::now() + seconds(settings.launch_s);
  {
    computing = true;
    const auto finished = c10::make_scope_exit([] { computing = false; });
    compute();
  }
  std::this_thread::sleep_until(launched);  // not busy: others want the processor
  ++launches;
  std::lock_guard<std::mutex> lock(states_mutex);
  Moment& busy = busy_until(active_stream(current_device));
  busy = std::max(busy, Clock::now()) + seconds(length_s);
}

// -------------------------------------------------------------------------------------------- memory

struct Block {
  void* data;
  size_t bytes;
  DeviceIndex device;
};

void count_memory(const Block& block, bool more) {
  auto& memory = states[block.device].memory;
  const auto change = [more](auto& stat, size_t by) { more ? stat.increase(by) : stat.decrease(by); };
  change(memory.allocation[kAll], 1);
  change(memory.allocated_bytes[kAll], block.bytes);
  change(memory.reserved_bytes[kAll], block.bytes);
}

void release(void* context) {
  auto* block = static_cast<Block*>(context);
  std::lock_guard<std::mutex> lock(states_mutex);
  count_memory(*block, false);
  std::free(block->data);
  delete block;
}

struct Memory final : c10::DeviceAllocator {
  c10::DataPtr allocate(size_t asked) override {
    const Device device(kSim, current_device);
    if (asked == 0) return {nullptr, device};
    const size_t bytes = (asked + kGranularity - 1) / kGranularity * kGranularity;
    const auto [free, total] = getMemoryInfo(current_device);
    TORCH_CHECK_WITH(OutOfMemoryError, bytes <= free, "sim out of memory. Tried to allocate ", bytes,
                     " bytes. Device ", int(current_device), " has ", free, " of ", total, " bytes free.");
    void* data = std::aligned_alloc(kGranularity, bytes);
    TORCH_CHECK(data != nullptr, "the host has no memory left for the simulated device.");
    auto* block = new Block{data, bytes, current_device};
    std::lock_guard<std::mutex> lock(states_mutex);
    count_memory(*block, true);
    return {data, block, &release, device};
  }
  void copy_data(void* to, const void* from, size_t bytes) const override { std::memcpy(to, from, bytes); }
  bool initialized() override { return true; }
  void emptyCache(c10::MempoolId_t) override {}
  void recordStream(const c10::DataPtr&, Stream) override {}
  c10::CachingDeviceAllocator::DeviceStats getDeviceStats(DeviceIndex device) override {
    std::lock_guard<std::mutex> lock(states_mutex);
    return states[device].memory;
  }
  void resetAccumulatedStats(DeviceIndex device) override {
    reset(device, [](auto& stat) { stat.reset_accumulated(); });
  }
  void resetPeakStats(DeviceIndex device) override { reset(device, [](auto& stat) { stat.reset_peak(); }); }
  std::pair<size_t, size_t> getMemoryInfo(DeviceIndex device) override {
    const int64_t used = getDeviceStats(device).allocated_bytes[kAll].current;
    return {std::max<int64_t>(settings.memory_bytes - used, 0), settings.memory_bytes};
  }

 private:
  template <class Reset>
  void reset(DeviceIndex device, const Reset& each) {
    std::lock_guard<std::mutex> lock(states_mutex);
    auto& memory = states[device].memory;
    for (auto* stat : {&memory.allocation, &memory.allocated_bytes, &memory.reserved_bytes})
      each((*stat)[kAll]);
  }
} memory;

// ----------------------------------------------------------------------- devices, streams and events

void set_device(DeviceIndex device) {
  const int count = settings.devices;
  TORCH_CHECK(0 <= device && device < count, "sim has no device ", int(device), ": there are ", count, ".");
  current_device = device;
}

// All of torch.accelerator, torch.Stream and torch.Event ends up here.
struct Guard final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return kSim; }
  DeviceIndex deviceCount() const noexcept override { return settings.devices; }
  Device getDevice() const override { return {kSim, current_device}; }
  void setDevice(Device device) const override { set_device(index(device)); }
  void uncheckedSetDevice(Device device) const noexcept override { current_device = index(device); }
  Device exchangeDevice(Device device) const override {
    const Device before = getDevice();
    setDevice(device);
    return before;
  }
  void synchronizeDevice(DeviceIndex device) const override {
    Moment last = Clock::now();
    for (StreamId id = 0; id < kStreams; ++id) last = std::max(last, end_of(stream_of(device, id)));
    wait_until(last);
  }

  Stream getStream(Device device) const override { return active_stream(index(device)); }
  Stream getDefaultStream(Device device) const override { return stream_of(index(device), 0); }
  Stream getNewStream(Device device, int) const override {
    std::lock_guard<std::mutex> lock(states_mutex);
    const int given = states[index(device)].streams_given++;
    return stream_of(index(device), 1 + given % (kStreams - 1));
  }
  Stream getStreamFromGlobalPool(Device device, bool) const override { return getNewStream(device, 0); }
  Stream exchangeStream(Stream stream) const override {
    const Stream before = active_stream(stream.device_index());
    current_stream[stream.device_index()] = stream.id();
    return before;
  }
  bool queryStream(const Stream& stream) const override {
    std::lock_guard<std::mutex> lock(states_mutex);
    return busy_until(stream) <= Clock::now();
  }
  void synchronizeStream(const Stream& stream) const override { wait_until(end_of(stream)); }

  void record(void** event, const Stream& stream, DeviceIndex, c10::EventFlag) const override {
    if (*event == nullptr) *event = new Moment;
    moment(*event) = end_of(stream);
  }
  void block(void* event, const Stream& stream) const override {
    std::lock_guard<std::mutex> lock(states_mutex);
    if (event) busy_until(stream) = std::max(busy_until(stream), moment(event));
  }
  bool queryEvent(void* event) const override { return !event || moment(event) <= Clock::now(); }
  void synchronizeEvent(void* event) const override {
    if (event) wait_until(moment(event));
  }
  double elapsedTime(void* start, void* end, DeviceIndex) const override {
    return std::chrono::duration<double, std::milli>(moment(end) - moment(start)).count();
  }
  void destroyEvent(void* event, DeviceIndex) const noexcept override { delete static_cast<Moment*>(event); }

 private:
  static DeviceIndex index(Device device) { return device.has_index() ? device.index() : current_device; }
  static Moment& moment(void* event) { return *static_cast<Moment*>(event); }
};

struct Hooks final : at::PrivateUse1HooksInterface {
  void init() const override {}
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return settings.devices > 0; }
  bool hasPrimaryContext(DeviceIndex) const override { return true; }
  DeviceIndex deviceCount() const override { return settings.devices; }
  DeviceIndex getCurrentDevice() const override { return current_device; }
  void setCurrentDevice(DeviceIndex device) const override { set_device(device); }
  DeviceIndex exchangeDevice(DeviceIndex device) const override {
    return Guard().exchangeDevice({kSim, device}).index();
  }
  DeviceIndex maybeExchangeDevice(DeviceIndex device) const override {
    return device < 0 ? current_device : exchangeDevice(device);
  }
} hooks;

// ----------------------------------------------------------------------------------------- operators

// The same memory as a tensor of the CPU.
at::Tensor on_host(const at::Tensor& tensor) {
  if (!tensor.is_privateuseone()) return tensor;
  return at::for_blob(tensor.data_ptr(), tensor.sizes())
      .strides(tensor.strides())
      .options(tensor.options().device(at::kCPU))
      .make_tensor();
}

constexpr c10::DispatchKeySet kKeys(c10::DispatchKey::PrivateUse1);

at::Tensor empty(at::IntArrayRef sizes, std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
                 std::optional<Device> device, std::optional<bool>,
                 std::optional<at::MemoryFormat> format) {
  const c10::OptionalDeviceGuard guard(device);
  return at::detail::empty_generic(sizes, &memory, kKeys, c10::dtype_or_default(dtype), format);
}

at::Tensor empty_strided(at::IntArrayRef sizes, at::IntArrayRef strides,
                         std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
                         std::optional<Device> device, std::optional<bool>) {
  const c10::OptionalDeviceGuard guard(device);
  return at::detail::empty_strided_generic(sizes, strides, &memory, kKeys, c10::dtype_or_default(dtype));
}

const at::Tensor& resize_(const at::Tensor& self, at::IntArrayRef sizes,
                          std::optional<at::MemoryFormat> format) {
  const c10::DeviceGuard guard(self.device());
  return at::native::resize_(self, sizes, format);
}

// Between host and device the host waits, unless it asked not to. On the device it is a kernel.
at::Tensor copy_from(const at::Tensor& from, const at::Tensor& to, bool non_blocking) {
  const bool transfer = !from.is_privateuseone() || !to.is_privateuseone();
  const c10::DeviceGuard guard(to.is_privateuseone() ? to.device() : from.device());
  launch(transfer ? settings.transfer_s : settings.kernel_s, [&] { on_host(to).copy_(on_host(from)); });
  if (transfer && !non_blocking && !computing) wait_until(end_of(active_stream(current_device)));
  return to;
}

at::Tensor copy_from_and_resize(const at::Tensor& from, const at::Tensor& to) {
  to.resize_(from.sizes());
  return copy_from(from, to, false);
}

at::Scalar item(const at::Tensor& tensor) {
  if (!computing) wait_until(end_of(active_stream(tensor.device().index())));
  return on_host(tensor).item();
}

// Where an operator runs: on the device of its first tensor.
std::optional<Device> device_of(const c10::OperatorHandle& op, const torch::jit::Stack& stack) {
  for (const c10::IValue& value : torch::jit::last(stack, op.schema().arguments().size())) {
    if (value.isTensor() && value.toTensor().is_privateuseone()) return value.toTensor().device();
    if (!value.isTensorList()) continue;
    for (const at::Tensor& tensor : value.toTensorVector())
      if (tensor.is_privateuseone()) return tensor.device();
  }
  return std::nullopt;
}

// Every operator that is not below: one kernel. A view would be a copy: it is refused.
void kernel(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const c10::OptionalDeviceGuard guard(device_of(op, *stack));
  launch(settings.kernel_s, [&] { at::native::cpu_fallback(op, stack, /*error_on_views=*/true); });
}

// PyTorch sends convolutions of unknown devices to "overrideable" ones, which no device implements.
void convolution(const c10::OperatorHandle&, torch::jit::Stack* stack) {
  static const auto op = c10::Dispatcher::singleton().findSchemaOrThrow("aten::convolution", "");
  kernel(op, stack);
}

// Where the arguments of an operator begin.
torch::jit::Stack::iterator first_argument(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  return stack->end() - op.schema().arguments().size();
}

void convolution_backward(const c10::OperatorHandle& overrideable, torch::jit::Stack* stack) {
  static const auto op = c10::Dispatcher::singleton().findSchemaOrThrow("aten::convolution_backward", "");
  const int bias_sizes = 3;  // the argument that the overrideable one lacks
  stack->insert(first_argument(overrideable, stack) + bias_sizes, c10::IValue());
  kernel(op, stack);
}

// It writes its running mean and variance, but its schema does not say so: a fallback to the CPU would
// write into copies.
void batch_norm(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  for (const int running : {3, 4}) {
    c10::IValue& argument = first_argument(op, stack)[running];
    if (argument.isTensor() && argument.toTensor().defined()) argument = on_host(argument.toTensor());
  }
  kernel(op, stack);
}

TORCH_LIBRARY_IMPL(_, PrivateUse1, m) {
  m.fallback(torch::CppFunction::makeFromBoxedFunction<&kernel>());
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("empty.memory_format", empty);
  m.impl("empty_strided", empty_strided);
  m.impl("resize_", resize_);
  m.impl("_copy_from", copy_from);
  m.impl("_copy_from_and_resize", copy_from_and_resize);
  m.impl("_local_scalar_dense", item);
  m.impl("view", at::native::view);
  m.impl("view.dtype", at::native::view_dtype);
  m.impl("unfold", at::native::unfold);
  m.impl("as_strided", at::native::as_strided_tensorimpl);
  m.impl("_reshape_alias", at::native::_reshape_alias);
  m.impl("set_.source_Storage_storage_offset", at::native::set_storage_cpu_);
  m.impl("native_batch_norm", torch::CppFunction::makeFromBoxedFunction<&batch_norm>());
  m.impl("convolution_overrideable", torch::CppFunction::makeFromBoxedFunction<&convolution>());
  m.impl("convolution_backward_overrideable",
         torch::CppFunction::makeFromBoxedFunction<&convolution_backward>());
}

C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard);
REGISTER_ALLOCATOR(kSim, &memory);
[[maybe_unused]] const bool registered = (at::RegisterPrivateUse1HooksInterface(&hooks), true);

}  // namespace

// ------------------------------------------------------------------------ what simdevice.py calls

extern "C" {

int64_t sim_launches() { return launches; }
int64_t sim_waits() { return waits; }

void sim_configure(int devices, double kernel_s, double transfer_s, double launch_s, int64_t memory_bytes) {
  settings = {devices, kernel_s, transfer_s, launch_s, memory_bytes};
}
}
