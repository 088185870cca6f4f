/* SPDX-License-Identifier: BSD-2-Clause */
/* The settings of a terminal as System V had them: TCGETA and TCSETA beside termios. */
#include "check.h"

#include <sys/ioctl.h>
#include <termios.h>

int main(void)
{
    struct termios termios;
    struct termio termio, again;
    int master = posix_openpt(O_RDWR | O_NOCTTY);

    NEED(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    int tty = open(ptsname(master), O_RDWR | O_NOCTTY);
    NEED(tty >= 0);
    CALL(ioctl(tty, TCGETA, &termio));
    NEED(tcgetattr(tty, &termios) == 0);
    CHECK(termio.c_iflag == (unsigned short)termios.c_iflag);
    CHECK(termio.c_lflag == (unsigned short)termios.c_lflag);
    CHECK(termio.c_cc[VINTR] == termios.c_cc[VINTR]);
    termio.c_lflag &= (unsigned short)~ECHO;
    termio.c_cc[VERASE] = 'e';
    CALL(ioctl(tty, TCSETA, &termio));
    CALL(ioctl(tty, TCGETA, &again));
    CHECK(memcmp(&termio, &again, sizeof(termio)) == 0);
    NEED(tcgetattr(tty, &termios) == 0);
    CHECK(!(termios.c_lflag & ECHO) && termios.c_cc[VERASE] == 'e');
    CHECK((termios.c_lflag & (ICANON | ISIG | IEXTEN)) == (ICANON | ISIG | IEXTEN));
    termio.c_lflag |= ECHO;
    CALL(ioctl(tty, TCSETAW, &termio));
    CALL(ioctl(tty, TCSETAF, &termio));
    NEED(tcgetattr(tty, &termios) == 0);
    CHECK(termios.c_lflag & ECHO);
    CALL(ioctl(tty, TCGETA, NULL));
    CALL(ioctl(tty, TCSETA, (void *)1));
    CALL(ioctl(open("/dev/null", O_RDWR), TCGETA, &termio));
    return 0;
}
