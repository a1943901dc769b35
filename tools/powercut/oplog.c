/* Records the file operations of a process below one directory, in the order in which they
 * happen, with their data. Preload it: OPLOG_DIR is the directory, OPLOG_LOG the log, and each
 * write to the file OPLOG_MARKS is a mark. One lock is held over an operation and its record.
 * Record: op u8, pad u8, path bytes u16, fd i32, number u64, data bytes u64; path; data.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OPEN = 1, WRITE, TRUNCATE, SYNC, UNLINK, RENAME, CLOSE, MARK };
enum { FDS = 4096, NOBODY = 0, FILE_BELOW = 1, MARKS = 2 };

struct head {
	uint8_t op, pad;
	uint16_t path_bytes;
	int32_t fd;
	uint64_t number, data_bytes;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned char kind[FDS];
static int log_fd = -1;
static const char *below, *marks;

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("OPLOG_LOG");
	below = getenv("OPLOG_DIR");
	marks = getenv("OPLOG_MARKS");
	if (path && below && marks)
		log_fd = syscall(SYS_openat, AT_FDCWD, path,
				 O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void put(int op, int fd, uint64_t number, const char *path, const void *data, size_t bytes)
{
	struct head head = {op, 0, path ? strlen(path) : 0, fd, number, bytes};
	struct iovec parts[3] = {
		{&head, sizeof head}, {(void *)path, head.path_bytes}, {(void *)data, bytes}};
	size_t all = sizeof head + head.path_bytes + bytes;
	if (syscall(SYS_writev, log_fd, parts, 3) != (long)all)
		abort(); /* a log with a hole proves nothing */
}

static int inside(const char *path)
{
	size_t n = below ? strlen(below) : 0;
	return log_fd >= 0 && n && !strncmp(path, below, n) && (path[n] == '/' || !path[n]);
}

static int known(int fd)
{
	return log_fd >= 0 && fd >= 0 && fd < FDS ? kind[fd] : NOBODY;
}

static int opened(const char *path, int flags, mode_t mode)
{
	int mark = log_fd >= 0 && !strcmp(path, marks);
	if (!mark && !inside(path))
		return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
	pthread_mutex_lock(&lock);
	int fd = syscall(SYS_openat, AT_FDCWD, path, flags, mode);
	if (fd >= FDS)
		abort();
	if (fd >= 0) {
		kind[fd] = mark ? MARKS : FILE_BELOW;
		if (!mark)
			put(OPEN, fd, flags, path, 0, 0);
	}
	pthread_mutex_unlock(&lock);
	return fd;
}

static mode_t mode_of(int flags, va_list rest)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
}

#define OPENER(name)                                                  \
	int name(const char *path, int flags, ...)                    \
	{                                                             \
		va_list rest;                                         \
		va_start(rest, flags);                                \
		mode_t mode = mode_of(flags, rest);                   \
		va_end(rest);                                         \
		return opened(path, flags, mode);                     \
	}
OPENER(open)
OPENER(open64)

static ssize_t written(int fd, const void *data, size_t bytes, off64_t at, int positioned)
{
	int what = known(fd);
	if (!what)
		return positioned ? syscall(SYS_pwrite64, fd, data, bytes, at)
				  : syscall(SYS_write, fd, data, bytes);
	pthread_mutex_lock(&lock);
	if (!positioned)
		at = syscall(SYS_lseek, fd, 0, SEEK_CUR);
	ssize_t done = positioned ? syscall(SYS_pwrite64, fd, data, bytes, at)
				  : syscall(SYS_write, fd, data, bytes);
	if (done > 0)
		put(what == MARKS ? MARK : WRITE, fd, at, 0, data, done);
	pthread_mutex_unlock(&lock);
	return done;
}

ssize_t write(int fd, const void *data, size_t bytes) { return written(fd, data, bytes, 0, 0); }
ssize_t pwrite(int fd, const void *data, size_t bytes, off_t at)
{
	return written(fd, data, bytes, at, 1);
}
ssize_t pwrite64(int fd, const void *data, size_t bytes, off64_t at)
{
	return written(fd, data, bytes, at, 1);
}

static int simple(int op, int fd, uint64_t number, long call)
{
	if (!known(fd))
		return syscall(call, fd, number);
	pthread_mutex_lock(&lock);
	int done = syscall(call, fd, number);
	if (!done)
		put(op, fd, number, 0, 0, 0);
	if (op == CLOSE)
		kind[fd] = NOBODY;
	pthread_mutex_unlock(&lock);
	return done;
}

int ftruncate(int fd, off_t bytes) { return simple(TRUNCATE, fd, bytes, SYS_ftruncate); }
int ftruncate64(int fd, off64_t bytes) { return simple(TRUNCATE, fd, bytes, SYS_ftruncate); }
int fsync(int fd) { return simple(SYNC, fd, 0, SYS_fsync); }
int fdatasync(int fd) { return simple(SYNC, fd, 0, SYS_fdatasync); }
int close(int fd) { return simple(CLOSE, fd, 0, SYS_close); }

int unlink(const char *path)
{
	if (!inside(path))
		return syscall(SYS_unlinkat, AT_FDCWD, path, 0);
	pthread_mutex_lock(&lock);
	int done = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
	if (!done)
		put(UNLINK, -1, 0, path, 0, 0);
	pthread_mutex_unlock(&lock);
	return done;
}

int rename(const char *from, const char *to)
{
	if (!inside(from) && !inside(to))
		return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
	pthread_mutex_lock(&lock);
	int done = syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
	if (!done)
		put(RENAME, -1, 0, from, to, strlen(to));
	pthread_mutex_unlock(&lock);
	return done;
}
