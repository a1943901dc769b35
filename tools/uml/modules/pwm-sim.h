/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PWM_SIM_H
#define PWM_SIM_H

#include <linux/types.h>

/* Tell the wave on the wire of a channel; a channel that is off is a wire that stays low. */
int pwm_sim_wave(unsigned int channel, u64 *period_ns, u64 *high_ns);

#endif
