/* SPDX-License-Identifier: BSD-2-Clause */
/* Terminal interface as programs see it: termios(3), ioctl_tty(2); Linux's values for x86-64. */
#ifndef FS_TERMIOS_H
#define FS_TERMIOS_H

#include "lib/types.h"

#define TERMIOS_CC_COUNT 19u

/* struct termios is its first 36 bytes, struct termios2 all of it. */
struct termios {
    uint32_t iflag, oflag, cflag, lflag;
    uint8_t line;
    uint8_t cc[TERMIOS_CC_COUNT];
    uint32_t ispeed, ospeed;
};
#define TERMIOS_SIZE 36u
#define TERMIOS2_SIZE 44u
_Static_assert(sizeof(struct termios) == TERMIOS2_SIZE, "termios ABI");
_Static_assert(offsetof(struct termios, ispeed) == TERMIOS_SIZE, "termios ABI");

/* What System V had: the lower halves, and the first characters. */
#define TERMIO_CC_COUNT 8u
struct termio {
    uint16_t iflag, oflag, cflag, lflag;
    uint8_t line;
    uint8_t cc[TERMIO_CC_COUNT];
};
_Static_assert(sizeof(struct termio) == 18, "termio ABI");

struct winsize {
    uint16_t rows, columns, x_pixels, y_pixels;
};
_Static_assert(sizeof(struct winsize) == 8, "termios ABI");

/* indices of cc */
enum {
    VINTR,
    VQUIT,
    VERASE,
    VKILL,
    VEOF,
    VTIME,
    VMIN,
    VSWTC,
    VSTART,
    VSTOP,
    VSUSP,
    VEOL,
    VREPRINT,
    VDISCARD,
    VWERASE,
    VLNEXT,
    VEOL2,
};

/* iflag */
#define IGNBRK 0x1u
#define ISTRIP 0x20u
#define INLCR 0x40u
#define IGNCR 0x80u
#define ICRNL 0x100u
#define IUCLC 0x200u
#define IXON 0x400u
#define IXANY 0x800u
#define IMAXBEL 0x2000u
#define IUTF8 0x4000u
/* oflag */
#define OPOST 0x1u
#define OLCUC 0x2u
#define ONLCR 0x4u
#define OCRNL 0x8u
#define ONOCR 0x10u
#define ONLRET 0x20u
#define TABDLY 0x1800u
#define XTABS 0x1800u
/* cflag of a terminal at 38400 baud, 8 bits: B38400 | CS8 | CREAD | HUPCL */
#define TERMIOS_CFLAG_DEFAULT 0x4bfu
#define TERMIOS_SPEED_DEFAULT 38400u
/* lflag */
#define ISIG 0x1u
#define ICANON 0x2u
#define ECHO 0x8u
#define ECHOE 0x10u
#define ECHOK 0x20u
#define ECHONL 0x40u
#define NOFLSH 0x80u
#define TOSTOP 0x100u
#define ECHOCTL 0x200u
#define ECHOKE 0x800u
#define IEXTEN 0x8000u

/* ioctl requests */
#define TCGETS 0x5401u
#define TCGETA 0x5405u
#define TCSETA 0x5406u
#define TCSETAW 0x5407u
#define TCSETAF 0x5408u
#define TCSETS 0x5402u
#define TCSETSW 0x5403u
#define TCSETSF 0x5404u
#define TCSBRK 0x5409u
#define TCXONC 0x540au
#define TCFLSH 0x540bu
#define TIOCEXCL 0x540cu
#define TIOCNXCL 0x540du
#define TIOCSCTTY 0x540eu
#define TIOCGPGRP 0x540fu
#define TIOCSPGRP 0x5410u
#define TIOCOUTQ 0x5411u
#define TIOCSTI 0x5412u
#define TIOCGWINSZ 0x5413u
#define TIOCSWINSZ 0x5414u
#define TIOCINQ 0x541bu /* FIONREAD */
#define TIOCGSOFTCAR 0x5419u
#define TIOCSSOFTCAR 0x541au
#define TIOCNOTTY 0x5422u
#define TIOCSETD 0x5423u
#define TIOCGETD 0x5424u
#define TCSBRKP 0x5425u
#define TIOCGSID 0x5429u
#define TIOCVHANGUP 0x5437u
#define TIOCGPTPEER 0x5441u
#define TIOCGLCKTRMIOS 0x5456u
#define TIOCSLCKTRMIOS 0x5457u
#define TIOCGDEV 0x80045432u
#define TIOCGEXCL 0x80045440u
#define TCGETS2 0x802c542au
#define TCSETS2 0x402c542bu
#define TCSETSW2 0x402c542cu
#define TCSETSF2 0x402c542du

/* arguments of TCFLSH and TCXONC */
enum { TCIFLUSH = 0, TCOFLUSH = 1, TCIOFLUSH = 2 };
enum { TCOOFF = 0, TCOON = 1, TCIOFF = 2, TCION = 3 };

/* signals that a terminal raises */
#define TTY_SIGHUP 1
#define TTY_SIGINT 2
#define TTY_SIGQUIT 3
#define TTY_SIGCONT 18
#define TTY_SIGTSTP 20
#define TTY_SIGTTIN 21
#define TTY_SIGTTOU 22
#define TTY_SIGWINCH 28

#endif
