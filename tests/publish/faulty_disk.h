// A disk that fails on command: stands between SQLite and the real one, for every database opened
// while it exists.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <string>

namespace tokenweir::publish::testing {

class FaultyDisk {
 public:
  FaultyDisk() {
    real_ = sqlite3_vfs_find(nullptr);
    vfs_ = *real_;
    vfs_.pNext = nullptr;
    vfs_.zName = "faulty";
    vfs_.pAppData = this;
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
    vfs_.xOpen = open;
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~FaultyDisk() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_, 1);
  }
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  // No room: every write answers SQLITE_FULL.
  std::atomic<bool> full = false;
  // The next sync fails; what it left of the written pages is not known any more.
  std::atomic<bool> fail_next_sync = false;
  std::atomic<int> syncs = 0;

 private:
  struct File : sqlite3_file {
    FaultyDisk* disk;
    sqlite3_io_methods methods;
  };
  static File& self(sqlite3_file* file) { return *static_cast<File*>(file); }
  static sqlite3_file* real(sqlite3_file* file) {
    return reinterpret_cast<sqlite3_file*>(static_cast<File*>(file) + 1);
  }

  static int open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags,
                  int* out_flags) {
    auto* const disk = static_cast<FaultyDisk*>(vfs->pAppData);
    const int code = disk->real_->xOpen(disk->real_, name, real(file), flags, out_flags);
    file->pMethods = nullptr;
    if (real(file)->pMethods == nullptr) return code;
    File& opened = self(file);
    opened.disk = disk;
    opened.methods = {};
    opened.methods.iVersion = 2;
    opened.methods.xClose = [](sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); };
    opened.methods.xRead = [](sqlite3_file* f, void* data, int count, sqlite3_int64 at) {
      return real(f)->pMethods->xRead(real(f), data, count, at);
    };
    opened.methods.xWrite = [](sqlite3_file* f, const void* data, int count, sqlite3_int64 at) {
      if (self(f).disk->full) return SQLITE_FULL;
      return real(f)->pMethods->xWrite(real(f), data, count, at);
    };
    opened.methods.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
      return real(f)->pMethods->xTruncate(real(f), size);
    };
    opened.methods.xSync = [](sqlite3_file* f, int sync_flags) {
      ++self(f).disk->syncs;
      if (self(f).disk->fail_next_sync.exchange(false)) return SQLITE_IOERR_FSYNC;
      return real(f)->pMethods->xSync(real(f), sync_flags);
    };
    opened.methods.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
      return real(f)->pMethods->xFileSize(real(f), size);
    };
    opened.methods.xLock = [](sqlite3_file* f, int level) {
      return real(f)->pMethods->xLock(real(f), level);
    };
    opened.methods.xUnlock = [](sqlite3_file* f, int level) {
      return real(f)->pMethods->xUnlock(real(f), level);
    };
    opened.methods.xCheckReservedLock = [](sqlite3_file* f, int* held) {
      return real(f)->pMethods->xCheckReservedLock(real(f), held);
    };
    opened.methods.xFileControl = [](sqlite3_file* f, int operation, void* argument) {
      return real(f)->pMethods->xFileControl(real(f), operation, argument);
    };
    opened.methods.xSectorSize = [](sqlite3_file* f) {
      return real(f)->pMethods->xSectorSize(real(f));
    };
    opened.methods.xDeviceCharacteristics = [](sqlite3_file* f) {
      return real(f)->pMethods->xDeviceCharacteristics(real(f));
    };
    opened.methods.xShmMap = [](sqlite3_file* f, int page, int size, int extend,
                                void volatile** out) {
      return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
    };
    opened.methods.xShmLock = [](sqlite3_file* f, int offset, int count, int lock_flags) {
      return real(f)->pMethods->xShmLock(real(f), offset, count, lock_flags);
    };
    opened.methods.xShmBarrier = [](sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); };
    opened.methods.xShmUnmap = [](sqlite3_file* f, int remove) {
      return real(f)->pMethods->xShmUnmap(real(f), remove);
    };
    file->pMethods = &opened.methods;
    return code;
  }

  sqlite3_vfs* real_ = nullptr;
  sqlite3_vfs vfs_{};
};

}  // namespace tokenweir::publish::testing
