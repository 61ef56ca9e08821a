// The compiler's word on awaiting behind a short circuit. g++ 12 awaits in the condition of a loop
// although && says that it need not, which is why no loop here does; `if`, a declaration and a
// conditional expression are right, and the code relies on it. This stands guard over both kinds.
#include <gtest/gtest.h>

#include <coroutine>
#include <utility>

namespace {

class Task {
 public:
  struct promise_type {
    int value = 0;
    std::coroutine_handle<> waiting;

    Task get_return_object() {
      return Task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    struct Last {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) noexcept {
        const auto waiting = self.promise().waiting;
        return waiting ? waiting : std::noop_coroutine();
      }
      void await_resume() noexcept {}
    };
    Last final_suspend() noexcept { return {}; }
    void return_value(int returned) { value = returned; }
    void unhandled_exception() {}
  };

  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task(const Task&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }
  bool await_ready() { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiting) {
    handle_.promise().waiting = waiting;
    return handle_;
  }
  int await_resume() { return handle_.promise().value; }
  int run() {
    handle_.resume();
    return handle_.promise().value;
  }

 private:
  std::coroutine_handle<promise_type> handle_;
};

class ShortCircuit : public ::testing::Test {
 protected:
  Task ask(bool answer) {
    ++awaited_;
    co_return answer ? 1 : 0;
  }
  volatile bool no_ = false;
  volatile bool yes_ = true;
  int awaited_ = 0;
};

class AnIf : public ShortCircuit {
 protected:
  Task both() {
    int taken = 0;
    if (no_ && !co_await ask(false)) taken = 1;
    co_return taken;
  }
  Task either() {
    int taken = 0;
    if (yes_ || no_ || !co_await ask(true)) taken = 1;
    co_return taken;
  }
  Task in_a_loop() {
    int rounds = 0;
    for (; rounds < 3; ++rounds) {
      if (no_ && !co_await ask(false)) break;
    }
    co_return rounds;
  }
  Task declared() {
    const bool value = no_ && co_await ask(true) != 0;
    co_return value ? 1 : 0;
  }
  Task taken() {
    int taken = 0;
    if (yes_ && !co_await ask(false)) taken = 1;
    co_return taken;
  }
};

TEST_F(AnIf, DoesNotAwaitWhatItNeedNotKnow) {
  EXPECT_EQ(both().run(), 0);
  EXPECT_EQ(either().run(), 1);
  EXPECT_EQ(in_a_loop().run(), 3);
  EXPECT_EQ(declared().run(), 0);
  EXPECT_EQ(awaited_, 0);
  EXPECT_EQ(taken().run(), 1);
  EXPECT_EQ(awaited_, 1);
}

}  // namespace
