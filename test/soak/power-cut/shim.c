/* Makes a power cut undoable on paper: before anything below a folder changes, what was there is appended to a journal, and so is every sync.
 * `undo.ts` then takes back what no sync had covered. Names count as the kernel promises them: by a sync of their folder alone.
 * LD_PRELOAD it; OPSBRO_CUT_ROOT is the folder, OPSBRO_CUT_JOURNAL a folder outside of it and on the same file system. Processes that follow each
 * other write a journal each, numbered from 1 to 9: what the first has not synced before it was killed is lost with what the last has not.
 * With OPSBRO_CUT_REFUSE=N the disk refuses every Nth of a process's first hundred syncs of files, by EIO, and never has what those were to bring: the
 * system counts it as written.
 * Knows what Node calls (nm -D node). libuv closes by a bare system call, so what a descriptor stands for is looked at each time. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { DATA = 1, CREATED, RENAMED, UNLINKED, SYNCED, REFUSED };

struct record {
  uint32_t kind;
  uint32_t length; /* of what follows: old bytes, or paths, each ended by a zero */
  uint64_t sequence;
  uint64_t inode; /* of the file; of the folder where a name changed */
  uint64_t offset; /* of the old bytes; up to which record a sync reached, or would have */
  uint64_t size; /* before */
};

#define MOST_DESCRIPTORS 65536
static ino_t tracked[MOST_DESCRIPTORS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX], saved[PATH_MAX - 64];
static size_t root_length;
static int journal = -1;
static uint64_t sequence, syncs;
static int refused_of;

#define REAL(name) static typeof(&name) real; if (real == NULL) real = (typeof(&name))dlsym(RTLD_NEXT, #name)

static ssize_t bare_writev(int fd, const struct iovec *parts, int count) {
  REAL(writev);
  return real(fd, parts, count);
}

__attribute__((constructor)) static void begin(void) {
  const char *folder = getenv("OPSBRO_CUT_ROOT"), *journals = getenv("OPSBRO_CUT_JOURNAL");
  if (folder == NULL || journals == NULL) return;
  root_length = (size_t)snprintf(root, sizeof root, "%s", folder);
  snprintf(saved, sizeof saved, "%s", journals);
  char path[PATH_MAX + 16];
  typeof(&open) real = (typeof(&open))dlsym(RTLD_NEXT, "open");
  for (int number = 1; number <= 9 && journal < 0; number += 1) {
    snprintf(path, sizeof path, "%s/journal-%d", journals, number);
    journal = real(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  }
  if (journal < 0) abort();
  const char *refused = getenv("OPSBRO_CUT_REFUSE");
  if (refused != NULL) refused_of = atoi(refused);
}

/* Below the folder, or the folder itself, which is synced too. */
static int is_below(const char *path) {
  return journal >= 0 && strncmp(path, root, root_length) == 0 && (path[root_length] == '/' || path[root_length] == 0);
}

/* The lock is held. A journal that cannot be written would make the proof worthless. */
static void note(enum kind kind, ino_t inode, uint64_t offset, uint64_t size, const void *bytes, size_t length) {
  struct record record = {kind, (uint32_t)length, ++sequence, inode, offset, size};
  struct iovec parts[2] = {{&record, sizeof record}, {(void *)bytes, length}};
  if (bare_writev(journal, parts, 2) != (ssize_t)(sizeof record + length)) abort();
}

static ino_t folder_of(const char *path) {
  char folder[PATH_MAX];
  struct stat found;
  snprintf(folder, sizeof folder, "%s", path);
  *strrchr(folder, '/') = 0;
  return stat(folder, &found) == 0 ? found.st_ino : 0;
}

static void note_paths(enum kind kind, const char *one, const char *other, const char *third) {
  char texts[3 * PATH_MAX];
  size_t length = 0;
  const char *all[3] = {one, other, third};
  for (int index = 0; index < 3; index += 1) length += (size_t)snprintf(texts + length, PATH_MAX, "%s", all[index]) + 1;
  note(kind, folder_of(kind == RENAMED ? other : one), 0, 0, texts, length);
}

/* Keeps a file that loses its name, by another one; the name is empty where there was no file. */
static void keep(const char *path, char *name) {
  snprintf(name, PATH_MAX, "%s/%d-%llu", saved, (int)getpid(), (unsigned long long)sequence);
  if (link(path, name) != 0) *name = 0;
}

/* The size of the file, -1 when it is none of ours. */
static off_t size_of(int fd, ino_t *inode) {
  struct stat found;
  if (journal < 0 || fd < 0 || fd >= MOST_DESCRIPTORS || tracked[fd] == 0) return -1;
  if (fstat(fd, &found) != 0 || found.st_ino != tracked[fd] || !S_ISREG(found.st_mode)) return -1;
  *inode = found.st_ino;
  return found.st_size;
}

/* What stands in a piece of a file. The lock is held. */
static void note_data(int fd, off_t from, size_t length, ino_t inode, off_t size) {
  size_t there = from >= size ? 0 : (size_t)(size - from) < length ? (size_t)(size - from) : length;
  char *bytes = malloc(there + 1);
  int reader = -1;
  /* The descriptor may be for writing only. */
  if (there > 0) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    typeof(&open) real = (typeof(&open))dlsym(RTLD_NEXT, "open");
    reader = real(path, O_RDONLY | O_CLOEXEC);
    if (reader < 0 || pread(reader, bytes, there, from) != (ssize_t)there) abort();
    close(reader);
  }
  note(DATA, inode, (uint64_t)from, (uint64_t)size, bytes, there);
  free(bytes);
}

#define CHANGING(fd, from, length, call) \
  ino_t inode; \
  pthread_mutex_lock(&lock); \
  off_t size = size_of(fd, &inode); \
  if (size >= 0) note_data(fd, from, length, inode, size); \
  ssize_t done = call; \
  int error = errno; \
  pthread_mutex_unlock(&lock); \
  errno = error; \
  return done

static size_t total(const struct iovec *parts, int count) {
  size_t length = 0;
  for (int index = 0; index < count; index += 1) length += parts[index].iov_len;
  return length;
}

/* Sockets write too, and may not wait for the lock while a file is written. */
static int is_ours(int fd) {
  ino_t inode;
  return size_of(fd, &inode) >= 0;
}

ssize_t write(int fd, const void *bytes, size_t length) {
  REAL(write);
  if (!is_ours(fd)) return real(fd, bytes, length);
  CHANGING(fd, lseek(fd, 0, SEEK_CUR), length, real(fd, bytes, length));
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (!is_ours(fd)) return bare_writev(fd, parts, count);
  CHANGING(fd, lseek(fd, 0, SEEK_CUR), total(parts, count), bare_writev(fd, parts, count));
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t from) {
  REAL(pwrite64);
  CHANGING(fd, from, length, real(fd, bytes, length, from));
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t from) {
  REAL(pwritev64);
  CHANGING(fd, from, total(parts, count), real(fd, parts, count, from));
}

int ftruncate64(int fd, off_t to) {
  REAL(ftruncate64);
  CHANGING(fd, to, SIZE_MAX, real(fd, to));
}

static int synced(int fd, int (*real)(int)) {
  struct stat found;
  int is_tracked = journal >= 0 && fd < MOST_DESCRIPTORS && tracked[fd] != 0 && fstat(fd, &found) == 0 && found.st_ino == tracked[fd];
  pthread_mutex_lock(&lock);
  uint64_t reached = sequence;
  /* Names are the journal's of the file system, which stops when it cannot be written. */
  int is_refused = is_tracked && refused_of > 0 && S_ISREG(found.st_mode) && ++syncs <= 100 &&
                   syncs % (uint64_t)refused_of == 0;
  if (is_refused) note(REFUSED, found.st_ino, reached, 0, "", 0);
  pthread_mutex_unlock(&lock);
  if (is_refused) {
    errno = EIO;
    return -1;
  }
  int result = real(fd);
  int error = errno;
  pthread_mutex_lock(&lock);
  if (is_tracked && result == 0) note(SYNCED, found.st_ino, reached, 0, "", 0);
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}

int fsync(int fd) {
  REAL(fsync);
  return synced(fd, real);
}

int fdatasync(int fd) {
  REAL(fdatasync);
  return synced(fd, real);
}

int open64(const char *path, int flags, ...) {
  REAL(open64);
  va_list rest;
  va_start(rest, flags);
  mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  if (!is_below(path)) {
    int other = real(path, flags, mode);
    if (other >= 0 && other < MOST_DESCRIPTORS) tracked[other] = 0;
    return other;
  }
  struct stat found;
  pthread_mutex_lock(&lock);
  int is_new = (flags & O_CREAT) != 0 && stat(path, &found) != 0;
  if (is_new) note_paths(CREATED, path, "", "");
  /* What is truncated is opened first without that, so that its bytes can be kept. */
  int fd = real(path, flags & ~O_TRUNC, mode);
  int error = errno;
  if (fd >= 0 && fd < MOST_DESCRIPTORS && fstat(fd, &found) == 0) {
    tracked[fd] = found.st_ino;
    if ((flags & O_TRUNC) != 0 && found.st_size > 0) {
      note_data(fd, 0, SIZE_MAX, found.st_ino, found.st_size);
      typeof(&ftruncate64) cut = (typeof(&ftruncate64))dlsym(RTLD_NEXT, "ftruncate64");
      if (cut(fd, 0) != 0) abort();
    }
  }
  pthread_mutex_unlock(&lock);
  errno = error;
  return fd;
}

int mkdir(const char *path, mode_t mode) {
  REAL(mkdir);
  if (!is_below(path)) return real(path, mode);
  struct stat found;
  pthread_mutex_lock(&lock);
  /* Where the folder above is not there either, nothing is made. */
  if (stat(path, &found) != 0 && folder_of(path) != 0) note_paths(CREATED, path, "", "");
  int result = real(path, mode);
  int error = errno;
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}

int rename(const char *from, const char *to) {
  REAL(rename);
  if (!is_below(to)) return real(from, to);
  char kept[PATH_MAX];
  pthread_mutex_lock(&lock);
  keep(to, kept);
  note_paths(RENAMED, from, to, kept);
  int result = real(from, to);
  int error = errno;
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}

int unlink(const char *path) {
  REAL(unlink);
  if (!is_below(path)) return real(path);
  char kept[PATH_MAX];
  pthread_mutex_lock(&lock);
  keep(path, kept);
  if (*kept != 0) note_paths(UNLINKED, path, kept, "");
  int result = real(path);
  int error = errno;
  pthread_mutex_unlock(&lock);
  errno = error;
  return result;
}
