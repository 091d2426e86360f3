// SPDX-License-Identifier: MIT
// SharedText: a text that never changes, and that its copies share. 8 bytes a copy.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

namespace nettune {

/// Copies may be used and destroyed by several threads at once.
class SharedText {
 public:
  SharedText() noexcept = default;  ///< ""
  explicit SharedText(std::string_view text) {
    if (text.empty()) return;
    void* memory = ::operator new(sizeof(Block) + text.size() + 1);
    block_ = new (memory) Block{1, static_cast<std::uint32_t>(text.size())};
    std::memcpy(characters(), text.data(), text.size());
    characters()[text.size()] = '\0';
  }
  SharedText(const SharedText& other) noexcept : block_(other.block_) {
    if (block_ != nullptr) block_->owners.fetch_add(1, std::memory_order_relaxed);
  }
  SharedText(SharedText&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  SharedText& operator=(const SharedText& other) noexcept {
    if (block_ != other.block_) *this = SharedText(other);
    return *this;
  }
  SharedText& operator=(SharedText&& other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~SharedText() {
    if (block_ != nullptr && block_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      ::operator delete(block_);
    }
  }

  bool empty() const noexcept { return block_ == nullptr; }
  /// Valid as long as a copy is.
  const char* c_str() const noexcept { return block_ == nullptr ? "" : characters(); }
  /// The same; a NUL follows it.
  std::string_view view() const noexcept {
    return block_ == nullptr ? std::string_view("") : std::string_view(characters(), block_->size);
  }

  friend bool operator==(const SharedText& one, const SharedText& other) noexcept {
    return one.block_ == other.block_ || one.view() == other.view();
  }

 private:
  struct Block {  // the characters and a NUL stand behind it
    std::atomic<std::uint32_t> owners;
    std::uint32_t size;
  };
  char* characters() const noexcept { return reinterpret_cast<char*>(block_ + 1); }
  Block* block_ = nullptr;
};

}  // namespace nettune
