// Pages: zeroed memory from the system, for what must not come from the malloc under test.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>
#include <utility>

namespace lab::replay {

/// An array of a trivial type; its pages are there when they are touched.
template <class T>
class Pages {
   public:
    /// With MAP_SHARED a forked child's writes are seen here.
    explicit Pages(std::size_t count, int sharing = MAP_PRIVATE) : count_(count) {
        if (count == 0) return;
        void* at = mmap(nullptr, count * sizeof(T), PROT_READ | PROT_WRITE,
                        sharing | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (at == MAP_FAILED) throw std::bad_alloc();
        data_ = static_cast<T*>(at);
    }
    ~Pages() {
        if (data_ != nullptr) munmap(static_cast<void*>(data_), count_ * sizeof(T));
    }
    Pages(const Pages&) = delete;
    Pages& operator=(const Pages&) = delete;

    T* data() { return data_; }
    const T* data() const { return data_; }
    std::size_t size() const { return count_; }
    T& operator[](std::size_t i) { return data_[i]; }
    const T& operator[](std::size_t i) const { return data_[i]; }

    void prefault() {
        constexpr std::size_t k_page_bytes = 4096;
        auto* bytes = reinterpret_cast<volatile char*>(data_);
        for (std::size_t at = 0; at < count_ * sizeof(T); at += k_page_bytes) bytes[at] = 0;
    }

   private:
    T* data_ = nullptr;
    std::size_t count_;
};

}  // namespace lab::replay
