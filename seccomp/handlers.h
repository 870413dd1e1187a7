/* handlers - one per mediated call; see table.c for the rows and notif.h for the contract. */
#pragma once

#include "seccomp/table.h"

call_handler call_open, call_openat, call_openat2, call_creat;

call_handler call_unlink, call_rmdir, call_rename, call_link, call_symlink, call_mkdir, call_mknod;
call_handler call_chmod, call_chown, call_lchown, call_utime, call_utimes, call_futimesat;
call_handler call_unlinkat, call_renameat, call_renameat2, call_linkat, call_symlinkat, call_mkdirat;
call_handler call_mknodat, call_truncate, call_fchmodat, call_fchmodat2, call_fchmod, call_fchownat;
call_handler call_fchown, call_utimensat, call_setxattr, call_lsetxattr, call_fsetxattr;
call_handler call_removexattr, call_lremovexattr, call_fremovexattr;

call_handler call_execve, call_execveat;

call_handler call_connect, call_bind, call_sendto, call_sendmsg, call_sendmmsg;

call_handler note_root, note_clone, note_creds, note_prlimit, refuse_mount;
