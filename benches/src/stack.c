/* Orthanc's web server gives its threads 100 KiB of stack, which its GDCM plug-in needs more than. Preloaded, this gives them 8 MiB. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>

int pthread_attr_setstacksize(pthread_attr_t *attributes, size_t size) {
  int (*real)(pthread_attr_t *, size_t) = dlsym(RTLD_NEXT, "pthread_attr_setstacksize");
  const size_t enough = 8 << 20;
  return real(attributes, size < enough ? enough : size);
}
