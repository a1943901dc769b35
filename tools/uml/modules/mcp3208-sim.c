// SPDX-License-Identifier: GPL-2.0-only
/*
 * SPI controllers of a station without metal: the first carries an MCP3208 behind each of its two
 * chip selects, the second swallows what an LED ring is sent.
 *
 * Each channel of a converter sees a square wave between two codes. In debugfs, `mcp3208-sim/S/C/`
 * for chip select S and channel C:
 *   high, low     codes of the plateaus (0 to 4095)
 *   high_ns       how long of `period_ns` the channel is high, where `pwm` is negative
 *   pwm           the channel of pwm-sim whose wave it follows; -1 for a wave of its own
 * and `mcp3208-sim/`: period_ns, noise (codes up or down), conversion_ns, conversions (how many),
 * `last` (bytes of the last transfer of the second controller, at most 4096).
 *
 * A conversion takes conversion_ns on a clock that never lags behind the kernel's own: in real
 * time they agree, and in time travel, where the processor costs no time, a burst still sees the
 * whole wave.
 */
#include <linux/debugfs.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/spi/spi.h>

#include "pwm-sim.h"

#define SELECTS 2
#define CHANNELS 8
#define CODE_MAX 4095
#define LAST_MAX 4096

struct channel {
	u32 high, low, high_ns;
	int pwm;
};

static struct channel channels[SELECTS][CHANNELS];
static u32 period_ns = 1000000;
static u32 conversion_ns = 20000;
static u32 noise = 1;
static u64 conversions;
static u64 clock_ns;
static u32 dice = 2463534242u;
static u8 last[LAST_MAX];
static struct debugfs_blob_wrapper last_blob = { .data = last };
static struct dentry *folder;

/* The same noise in every run: a failure can be met again. */
static int noise_code(void)
{
	dice ^= dice << 13;
	dice ^= dice >> 17;
	dice ^= dice << 5;
	return noise ? (int)(dice % (2 * noise + 1)) - (int)noise : 0;
}

static u32 convert(const struct channel *channel)
{
	u64 period = period_ns, high = channel->high_ns, phase;

	clock_ns = max_t(u64, clock_ns + conversion_ns, ktime_get_ns());
	conversions++;
	if (channel->pwm >= 0 && pwm_sim_wave(channel->pwm, &period, &high))
		high = 0;
	phase = 0;
	if (period)
		div64_u64_rem(clock_ns, period, &phase);
	return clamp((int)(phase < high ? channel->high : channel->low) + noise_code(),
		     0, CODE_MAX);
}

static bool bit_of(const u8 *bytes, unsigned int at)
{
	return bytes[at / 8] >> (7 - at % 8) & 1;
}

/*
 * One frame as on the wire: a start bit, single-ended, D2 D1 D0, one clock to sample, a null bit,
 * twelve bits. What comes before the null bit is undefined on the metal and set here, so that a
 * driver that forgets to mask is found.
 */
static void answer(unsigned int select, const u8 *tx, u8 *rx, unsigned int bytes)
{
	unsigned int bits = bytes * 8, start = 0, at, number;
	u32 code;

	memset(rx, 0xff, bytes);
	while (start < bits && !bit_of(tx, start))
		start++;
	if (start + 6 >= bits)
		return;
	number = bit_of(tx, start + 2) << 2 | bit_of(tx, start + 3) << 1 | bit_of(tx, start + 4);
	code = convert(&channels[select][number]);
	for (at = start + 6; at < bits; at++) {
		unsigned int shift = 18 + start - at;	/* 12 at the null bit, 0 at the last */
		bool set = at <= start + 18 && shift < 12 && code >> shift & 1;

		if (!set)
			rx[at / 8] &= ~(1 << (7 - at % 8));
	}
}

static int convert_transfer(struct spi_controller *controller, struct spi_device *spi,
			    struct spi_transfer *transfer)
{
	unsigned int select = spi_get_chipselect(spi, 0);

	if (!transfer->rx_buf)
		return 0;
	if (!transfer->tx_buf || select >= SELECTS)
		memset(transfer->rx_buf, 0xff, transfer->len);
	else
		answer(select, transfer->tx_buf, transfer->rx_buf, transfer->len);
	return 0;
}

static int swallow_transfer(struct spi_controller *controller, struct spi_device *spi,
			    struct spi_transfer *transfer)
{
	last_blob.size = min_t(unsigned long, transfer->len, LAST_MAX);
	if (transfer->tx_buf)
		memcpy(last, transfer->tx_buf, last_blob.size);
	if (transfer->rx_buf)
		memset(transfer->rx_buf, 0, transfer->len);
	return 0;
}

static int sim_probe(struct platform_device *pdev)
{
	struct spi_controller *controller = devm_spi_alloc_host(&pdev->dev, 0);
	bool swallows = of_device_is_compatible(pdev->dev.of_node, "brcm,bcm2835-aux-spi");

	if (!controller)
		return -ENOMEM;
	controller->bus_num = -1;
	controller->num_chipselect = SELECTS;
	controller->mode_bits = SPI_CPOL | SPI_CPHA | SPI_CS_HIGH | SPI_NO_CS;
	controller->bits_per_word_mask = SPI_BPW_MASK(8);
	controller->dev.of_node = pdev->dev.of_node;
	controller->transfer_one = swallows ? swallow_transfer : convert_transfer;
	return devm_spi_register_controller(&pdev->dev, controller);
}

static const struct of_device_id sim_of[] = {
	{ .compatible = "brcm,bcm2835-spi" }, { .compatible = "brcm,bcm2835-aux-spi" }, { }
};
MODULE_DEVICE_TABLE(of, sim_of);

static struct platform_driver sim_driver = {
	.driver = { .name = "mcp3208-sim", .of_match_table = sim_of },
	.probe = sim_probe,
};

static int pwm_get(void *data, u64 *value)
{
	*value = (s64)*(int *)data;
	return 0;
}

static int pwm_set(void *data, u64 value)
{
	*(int *)data = (int)value;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE_SIGNED(pwm_fops, pwm_get, pwm_set, "%lld\n");

static void show_channel(struct channel *channel, unsigned int number, struct dentry *parent)
{
	struct dentry *sub;
	char name[4];

	snprintf(name, sizeof(name), "%u", number);
	sub = debugfs_create_dir(name, parent);
	channel->pwm = -1;
	debugfs_create_u32("high", 0600, sub, &channel->high);
	debugfs_create_u32("low", 0600, sub, &channel->low);
	debugfs_create_u32("high_ns", 0600, sub, &channel->high_ns);
	debugfs_create_file_unsafe("pwm", 0600, sub, &channel->pwm, &pwm_fops);
}

static int __init sim_init(void)
{
	unsigned int select, number;
	char name[4];

	folder = debugfs_create_dir("mcp3208-sim", NULL);
	debugfs_create_u32("period_ns", 0600, folder, &period_ns);
	debugfs_create_u32("conversion_ns", 0600, folder, &conversion_ns);
	debugfs_create_u32("noise", 0600, folder, &noise);
	debugfs_create_u64("conversions", 0400, folder, &conversions);
	debugfs_create_blob("last", 0400, folder, &last_blob);
	for (select = 0; select < SELECTS; select++) {
		struct dentry *sub;

		snprintf(name, sizeof(name), "%u", select);
		sub = debugfs_create_dir(name, folder);
		for (number = 0; number < CHANNELS; number++)
			show_channel(&channels[select][number], number, sub);
	}
	return platform_driver_register(&sim_driver);
}
module_init(sim_init);

static void __exit sim_exit(void)
{
	platform_driver_unregister(&sim_driver);
	debugfs_remove(folder);
}
module_exit(sim_exit);

MODULE_DESCRIPTION("An MCP3208 that samples square waves, and a sink for LED frames");
MODULE_LICENSE("GPL");
