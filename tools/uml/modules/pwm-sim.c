// SPDX-License-Identifier: GPL-2.0-only
/*
 * A PWM controller of two channels that remembers what it was told.
 *
 * What was set is read in debugfs: `pwm` is the kernel's own page, `pwm-sim/N/changed_ns` tells
 * when channel N was last changed (CLOCK_MONOTONIC) and `pwm-sim/N/changes` how often. The
 * converter (mcp3208-sim) may follow a channel, as a pilot line follows the station's PWM.
 */
#include <linux/debugfs.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/pwm.h>

#include "pwm-sim.h"

#define CHANNELS 2

static struct {
	struct pwm_state told;
	u64 changed_ns;
	u64 changes;
} channels[CHANNELS];
static struct dentry *folder;

int pwm_sim_wave(unsigned int channel, u64 *period_ns, u64 *high_ns)
{
	const struct pwm_state *told;

	if (channel >= CHANNELS)
		return -EINVAL;
	told = &channels[channel].told;
	*period_ns = told->period;
	*high_ns = 0;
	if (!told->enabled || !told->period)
		return 0;
	*high_ns = told->duty_cycle;
	if (told->polarity == PWM_POLARITY_INVERSED)
		*high_ns = told->period - told->duty_cycle;
	return 0;
}
EXPORT_SYMBOL_GPL(pwm_sim_wave);

static int pwm_sim_apply(struct pwm_chip *chip, struct pwm_device *pwm,
			 const struct pwm_state *state)
{
	if (state->duty_cycle > state->period)
		return -EINVAL;
	channels[pwm->hwpwm].told = *state;
	channels[pwm->hwpwm].changed_ns = ktime_get_ns();
	channels[pwm->hwpwm].changes++;
	return 0;
}

static int pwm_sim_get_state(struct pwm_chip *chip, struct pwm_device *pwm,
			     struct pwm_state *state)
{
	*state = channels[pwm->hwpwm].told;
	return 0;
}

static const struct pwm_ops pwm_sim_ops = {
	.apply = pwm_sim_apply,
	.get_state = pwm_sim_get_state,
};

static int pwm_sim_probe(struct platform_device *pdev)
{
	struct pwm_chip *chip = devm_pwmchip_alloc(&pdev->dev, CHANNELS, 0);
	unsigned int i;
	char name[4];

	if (IS_ERR(chip))
		return PTR_ERR(chip);
	chip->ops = &pwm_sim_ops;
	for (i = 0; i < CHANNELS; i++) {
		struct dentry *sub;

		snprintf(name, sizeof(name), "%u", i);
		sub = debugfs_create_dir(name, folder);
		debugfs_create_u64("changed_ns", 0400, sub, &channels[i].changed_ns);
		debugfs_create_u64("changes", 0400, sub, &channels[i].changes);
	}
	return devm_pwmchip_add(&pdev->dev, chip);
}

static const struct of_device_id pwm_sim_of[] = { { .compatible = "brcm,bcm2835-pwm" }, { } };
MODULE_DEVICE_TABLE(of, pwm_sim_of);

static struct platform_driver pwm_sim_driver = {
	.driver = { .name = "pwm-sim", .of_match_table = pwm_sim_of },
	.probe = pwm_sim_probe,
};

static int __init pwm_sim_init(void)
{
	folder = debugfs_create_dir("pwm-sim", NULL);
	return platform_driver_register(&pwm_sim_driver);
}
module_init(pwm_sim_init);

static void __exit pwm_sim_exit(void)
{
	platform_driver_unregister(&pwm_sim_driver);
	debugfs_remove(folder);
}
module_exit(pwm_sim_exit);

MODULE_DESCRIPTION("A PWM controller that remembers what it was told");
MODULE_LICENSE("GPL");
