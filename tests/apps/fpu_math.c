/* SPDX-License-Identifier: BSD-2-Clause */
/* Floating point from the C library: dynamic libm picks code by processor, the bits agree. */
/* variants: dynamic musl */
#include "check.h"
#include <fenv.h>
#include <float.h>

int main(void)
{
    volatile double x = 1.0, three = 3.0, huge = DBL_MAX, tiny = DBL_MIN;

    printf("%a %a %.17g\n", x / three, __builtin_sqrt(three), 0.1 + 0.2);
    feclearexcept(FE_ALL_EXCEPT);
    (void)(huge * three);
    printf("overflow %d\n", fetestexcept(FE_OVERFLOW) != 0);
    feclearexcept(FE_ALL_EXCEPT);
    (void)(x / 0.0);
    printf("division %d\n", fetestexcept(FE_DIVBYZERO) != 0);
    printf("denormal %a\n", tiny / 3.0);
    fesetround(FE_UPWARD);
    printf("up %a\n", x / three);
    fesetround(FE_TONEAREST);
    volatile long double wide = 1.0L;
    printf("%La\n", wide / 3.0L);
    printf("%.20f %e %g\n", 1e-7, 123456.789, 1e100);
    return 0;
}
