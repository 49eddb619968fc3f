/*
 * system_calls.h: numbers of system calls that the C library of an older distribution has no name for yet (RHEL 8 has
 * glibc 2.28).  They are the same on all architectures but Alpha (Documentation/process/adding-syscalls.rst).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SYSTEM_CALLS_H
#define SYSTEM_CALLS_H

#include <sys/syscall.h>

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

/* The kernel's signal sets are 8 bytes long whatever the C library's are (rt_sigprocmask(2)). */
#define KERNEL_SIGNAL_SET_SIZE 8

#endif
