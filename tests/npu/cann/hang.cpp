// A library that never finishes loading, like a driver that waits for a device that does not answer.
#include <unistd.h>

__attribute__((constructor)) static void hang() {
    for (;;) pause();
}
