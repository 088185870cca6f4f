# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Setting the clock moves what waits for a time of it.  Not natively: the host's clock is the host's.
# What is expected is what Linux 6.1 prints.

test_set() {
    run_vmm "$APPS/clock_set" set
    expect_status 0
    cat >"$T/want" <<'END'
clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &hour, NULL): 0
yes: now_ms(CLOCK_MONOTONIC) - begin < 20000
clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &soon, NULL): 0
yes: now_ms(CLOCK_MONOTONIC) - begin >= 750
clock_nanosleep(CLOCK_REALTIME, 0, &relative, NULL): 0
yes: now_ms(CLOCK_MONOTONIC) - begin >= 300
timerfd_settime(follows, TFD_TIMER_ABSTIME, &spec, NULL): 0
timerfd_settime(cancels, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &spec, NULL): 0
timerfd_settime(ignores, 0, &spec, NULL): 0
poll(&poller, 1, 0): 0
poll(&poller, 1, 0): 1
read(cancels, &count, sizeof(count)): -1 errno 125
read(cancels, &count, sizeof(count)): -1 errno 11
read(follows, &count, sizeof(count)): -1 errno 11
poll(&poller, 1, 5000): 1
read(follows, &count, sizeof(count)): 8
read(ignores, &count, sizeof(count)): -1 errno 11
read(cancels, &count, sizeof(count)): -1 errno 125
timer_create(CLOCK_REALTIME, &event, &timer): 0
timer_settime(timer, TIMER_ABSTIME, &spec, NULL): 0
yes: timer_gettime(timer, &spec) == 0 && spec.it_value.tv_sec < 1801
sigtimedwait(&set, &info, &brief): -1 errno 11
yes: sigtimedwait(&set, &info, &longer) == SIGUSR1 && info.si_code == SI_TIMER
yes: adjtimex(&timex) >= 0
yes: now_ms(CLOCK_REALTIME) - before >= 7200000
adjtimex(&timex): 0
adjtimex(&timex): 0
32768000 10010 5 1
adjtime(&delta, NULL): 0
adjtime(NULL, &old): 0
old.tv_usec: 500
END
    diff "$T/want" "$out" || fail "the output is not Linux's"
}

# A CPU that has to wait while it measures the counter's rate must not come to another one: more VMs
# at a time than there are CPUs.
# only qemu: with KVM the rate is told, not measured
test_rate() {
    local i native rate
    native=$("$APPS/clock_rate" rate)
    for i in {1..16}; do
        "$VMM" run --engine qemu "$APPS/clock_rate" rate >"$T/rate.$i" 2>&1 &
    done
    wait
    for i in {1..16}; do
        rate=$(cat "$T/rate.$i")
        [[ $rate =~ ^[0-9]+$ ]] || fail "no rate: $rate"
        [ $((rate * 100)) -gt $((native * 99)) ] && [ $((rate * 100)) -lt $((native * 101)) ] ||
            fail "the clock goes by $rate ticks in a millisecond, natively by $native"
    done
}
