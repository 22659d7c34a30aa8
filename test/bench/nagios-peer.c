/* A broker module of Nagios Core that counts the service checks whose results were processed, in a file of 8 bytes named by its
 * argument: Nagios's own figures are of whole minutes. The few declarations stand for the headers of its event broker interface 4. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { serviceCheckData = 6, serviceCheckProcessed = 701 };

int __neb_api_version = 4;
extern int neb_register_callback(int type, void *handle, int priority, int (*callback)(int, void *));

static unsigned long *counted;

static int count(int type, void *data) {
  (void)type;
  if (*(int *)data == serviceCheckProcessed) *counted += 1;
  return 0;
}

int nebmodule_init(int flags, char *path, void *handle) {
  (void)flags;
  int file = open(path, O_RDWR | O_CREAT, 0644);
  if (file < 0 || ftruncate(file, sizeof *counted) != 0) return 1;
  counted = mmap(0, sizeof *counted, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (counted == MAP_FAILED) return 1;
  return neb_register_callback(serviceCheckData, handle, 0, count);
}

int nebmodule_deinit(int flags, int reason) {
  (void)flags;
  (void)reason;
  return 0;
}
