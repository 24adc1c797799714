/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every key of an architecture file: type, unit, range, default and help. */
#include "spec/arch_build.h"

#include <math.h>
#include <stddef.h>

#define ROW(type, key, of, field, ...)                                         \
  {                                                                            \
    .name = (key), .kind = CDS_KEY_##of, .offset = offsetof(type, field),      \
    __VA_ARGS__                                                                \
  }
#define ORIGIN(type)                                                           \
  ROW(type, "source", TEXT, origin.source,                                     \
      .help = "Where the numbers of this entry come from"),                    \
      ROW(type, "assumption", TEXT, origin.assumption,                         \
          .help = "Why these numbers are assumed, where no source has them"),  \
      ROW(type, "note", TEXT, origin.note,                                     \
          .help = "A remark for the reader; changes nothing")
#define END                                                                    \
  { .name = NULL }
#define NOT_NEGATIVE .low = 0, .high = (double)INFINITY

/* Largest size of a memory and width of an access, in bits. */
#define SIZE_HIGH 0x1p60
#define WIDTH_HIGH 0x1p20
/* Widest word of a level. */
#define WORD_HIGH 4096
/* A count of rows, cols, lanes or repeats. */
#define COUNT_HIGH 0x1p24

static const char *const overlaps[] = {"native", "perfect", NULL};
static const char *const others[] = {"macs", "host", "refuse", NULL};
static const char *const figures[] = {"typical", "best", "worst", NULL};
static const char *const bufferings[] = {"double", "single", NULL};
static const char *const networks[] = {"bus",  "mesh",     "systolic",
                                       "tree", "crossbar", NULL};
static const char *const ports[] = {"corner", "cols", "rows", NULL};
static const char *const passes[] = {"joined", "apart", NULL};
static const char *const drains[] = {"shifted", "direct", NULL};
static const char *const faces[] = {"down", "up", NULL};
static const char *const places[] = {"board", "package", "stack", NULL};
static const char *const objectives[] = {"edp",    "energy", "delay", "ed2p",
                                         "carbon", "cost",   NULL};

static const cds_key arch_keys[] = {
    ROW(cds_raw_arch, "architecture", NAME, name, .required = true,
        .help = "Name of the architecture; result folders begin with it"),
    ROW(cds_raw_arch, "dies", NODE, dies,
        .help = "Mapping of die names to their process, supply and clock; "
                "without it everything stands on one die"),
    ROW(cds_raw_arch, "package", NODE, package,
        .help = "Stacks of dies, links between them, and cooling"),
    ROW(cds_raw_arch, "levels", NODE, levels, .required = true,
        .help = "The chain of levels and arrays, outermost first, with the "
                "compute units at its end"),
    ROW(cds_raw_arch, "constraints", NODE, constraints,
        .help = "What mappings must keep to: a list of entries, each about a "
                "level, an array or a dataflow"),
    ROW(cds_raw_arch, "overlap", CHOICE, overlap, .choices = overlaps,
        .fallback = "native",
        .help = "native: buffering costs capacity and time as each level "
                "says; perfect: neither is charged (a lower bound on time)"),
    ROW(cds_raw_arch, "accumulate", TEXT, accumulate,
        .help = "'at NAME': partial results are added at that level and "
                "never come back; the same as accumulate: true there"),
    ROW(cds_raw_arch, "other_operations", CHOICE, other_operations,
        .choices = others, .fallback = "macs",
        .help = "Who does softmax, norms and the like without a vector unit: "
                "macs, host or refuse"),
    ROW(cds_raw_arch, "host", NODE, host,
        .help = "Energy, rate and link of the host, for other_operations: "
                "host"),
    ROW(cds_raw_arch, "mac_slots", NODE, mac_slots,
        .help = "Slots of a MAC that each primitive takes, for "
                "other_operations: macs"),
    ROW(cds_raw_arch, "figures", CHOICE, figures, .choices = figures,
        .fallback = "typical",
        .help = "End of the range at which the numbers that classes imply are "
                "taken, where they have ranges (codesign tech): best has least "
                "energies, powers, times and areas and greatest bandwidths, "
                "worst the other way round"),
    ROW(cds_raw_arch, "clock", QUANTITY, clock, .dimension = CDS_DIM_FREQUENCY,
        .low = 1, .high = 1e12,
        .help = "Clock of the dies that give none; 1 GHz (an assumption) "
                "when it is nowhere given"),
    ROW(cds_raw_arch, "leakage", QUANTITY, leakage, .dimension = CDS_DIM_POWER,
        NOT_NEGATIVE, .help = "Standing power that belongs to no entry"),
    ROW(cds_raw_arch, "area", QUANTITY, area, .dimension = CDS_DIM_AREA,
        NOT_NEGATIVE, .help = "Area that belongs to no entry"),
    ROW(cds_raw_arch, "use", NODE, use,
        .help = "Where and how long it runs: for carbon and cost of a run"),
    ROW(cds_raw_arch, "explore", NODE, explore,
        .help = "The design space: variables, limits and objective"),
    ORIGIN(cds_raw_arch),
    END};

static const cds_key die_keys[] = {
    ROW(cds_raw_die, "process", TEXT, process,
        .help = "Process of the die, such as n7, n45 or dram-1b"),
    ROW(cds_raw_die, "device", NAME, device,
        .help = "Devices: hp (fast), lp (low leakage), or others of the "
                "process, such as fdsoi, nanosheet or cryo-77k"),
    ROW(cds_raw_die, "supply", QUANTITY, supply, .dimension = CDS_DIM_VOLTAGE,
        .low = 0.05, .high = 10,
        .help = "Supply voltage; the nominal one when not given"),
    ROW(cds_raw_die, "sram_supply", QUANTITY, sram_supply,
        .dimension = CDS_DIM_VOLTAGE, .low = 0.05, .high = 10,
        .help = "Supply of its levels of class sram; when not given that of "
                "the die, but not below the least at which cells work (0.7 V "
                "to 22 nm, 0.6 V below). The clock follows 'supply'"),
    ROW(cds_raw_die, "nominal", QUANTITY, nominal, .dimension = CDS_DIM_VOLTAGE,
        .low = 0.05, .high = 10,
        .help = "Supply at which the explicit energies and leakages of this "
                "die are stated; that of the process when not given"),
    ROW(cds_raw_die, "clock", QUANTITY, clock, .dimension = CDS_DIM_FREQUENCY,
        .low = 1, .high = 1e12,
        .help = "Clock; lowered to what the supply allows (alpha-power law, "
                "and one that reaches down to the threshold)"),
    ROW(cds_raw_die, "size", QUANTITY, size, .dimension = CDS_DIM_BITS,
        .low = 1, .high = SIZE_HIGH,
        .help = "Capacity of one memory die; its levels must fit in it, times "
                "the dies of the stack"),
    ROW(cds_raw_die, "leakage", QUANTITY, leakage, .dimension = CDS_DIM_POWER,
        NOT_NEGATIVE,
        .help = "Standing power of the die beside that of its entries, at the "
                "nominal supply and 85 degC"),
    ROW(cds_raw_die, "area", QUANTITY, area, .dimension = CDS_DIM_AREA,
        NOT_NEGATIVE, .help = "Area of the die beside that of its entries"),
    ROW(cds_raw_die, "width", QUANTITY, body.width_um,
        .dimension = CDS_DIM_LENGTH, .low = 50, .high = 160000,
        .help = "Width of one die; a square of the area of what stands on it "
                "when neither width nor height is given"),
    ROW(cds_raw_die, "height", QUANTITY, body.height_um,
        .dimension = CDS_DIM_LENGTH, .low = 50, .high = 160000,
        .help = "Height of one die, seen from above"),
    ROW(cds_raw_die, "thickness", QUANTITY, body.thickness_um,
        .dimension = CDS_DIM_LENGTH, .low = 0.1, .high = 3000,
        .help = "Thickness of its silicon; 50 um under another die, 300 um at "
                "the top (assumptions)"),
    ROW(cds_raw_die, "limit", QUANTITY, body.limit_degc,
        .dimension = CDS_DIM_TEMPERATURE, .low = -200, .high = 400,
        .help = "Hottest that the die may be; 105 degC, of memory 95 degC, "
                "when not given"),
    ROW(cds_raw_die, "usd", NUMBER, body.usd, NOT_NEGATIVE,
        .help = "Price of one good die, in USD, instead of what a wafer "
                "costs"),
    ROW(cds_raw_die, "wafer_usd", NUMBER, body.wafer_usd, NOT_NEGATIVE,
        .help = "Price of a processed wafer of 300 mm, in USD; that of the "
                "process when not given"),
    ROW(cds_raw_die, "defects", NUMBER, body.per_cm2, NOT_NEGATIVE,
        .help = "Defects that kill, in 1/cm2; those of the process when not "
                "given"),
    ROW(cds_raw_die, "clustering", NUMBER, body.clustering, .low = 0.1,
        .high = 1e9,
        .help = "How much defects cluster (the parameter of a negative "
                "binomial distribution); 10 when not given"),
    ROW(cds_raw_die, "design_usd", NUMBER, body.design_usd, NOT_NEGATIVE,
        .help = "What designing the die costs, masks included, in USD; by its "
                "process and area when not given"),
    ROW(cds_raw_die, "vias", NUMBER, body.vias, NOT_NEGATIVE,
        .help = "Vias through the silicon of one die, for signals, power and "
                "ground, which take area; none when not given"),
    ROW(cds_raw_die, "via_area", QUANTITY, body.via_um2,
        .dimension = CDS_DIM_AREA, NOT_NEGATIVE,
        .help = "Area that one via takes, with what stays free of transistors "
                "around it; that of class tsv (225 um2, range 49 to 625) when "
                "not given"),
    ROW(cds_raw_die, "power_states", NODE, power_states,
        .help = "List of the states that the die may be in when it is idle, or "
                "at other supplies and clocks"),
    ORIGIN(cds_raw_die),
    END};

static const cds_key state_keys[] = {
    ROW(cds_raw_state, "name", NAME, name, .required = true,
        .help = "Name of the power state"),
    ROW(cds_raw_state, "supply", QUANTITY, supply, .dimension = CDS_DIM_VOLTAGE,
        .low = 0.05, .high = 10,
        .help = "Supply voltage in this state; that of the die when not "
                "given"),
    ROW(cds_raw_state, "clock", QUANTITY, clock, .dimension = CDS_DIM_FREQUENCY,
        NOT_NEGATIVE, .help = "Clock in this state; stopped when not given"),
    ROW(cds_raw_state, "leakage", NUMBER, leakage, .low = 0, .high = 1,
        .fallback = "1",
        .help = "Share that is left of the die's leakage at this supply; 0: "
                "gated"),
    ROW(cds_raw_state, "wake_time", QUANTITY, wake_time,
        .dimension = CDS_DIM_TIME, .low = 0, .high = 1000, .fallback = "0 s",
        .help = "Time until the die runs again"),
    ROW(cds_raw_state, "wake_energy", QUANTITY, wake_energy,
        .dimension = CDS_DIM_ENERGY, NOT_NEGATIVE, .fallback = "0 pJ",
        .help = "All energy of leaving the state and coming back"),
    ORIGIN(cds_raw_state),
    END};

static const cds_key package_keys[] = {
    ROW(cds_raw_package, "stacks", NODE, stacks,
        .help = "Stacks of dies; traffic between the dies of a stack pays its "
                "bonds"),
    ROW(cds_raw_package, "links", NODE, links,
        .help = "Links between dies of different stacks"),
    ROW(cds_raw_package, "cooling", NODE, cooling,
        .help = "Ambient temperature and thermal resistance to it"),
    ROW(cds_raw_package, "carrier", NODE, carrier,
        .help = "What the stacks stand on beside each other"),
    ROW(cds_raw_package, "volume", NUMBER, volume, .low = 1, .high = 1e12,
        .help = "How many packages share what it costs to design their dies; "
                "design is in no sum when not given"),
    ROW(cds_raw_package, "power", NODE, power,
        .help = "How the dies get their power: regulators, network and pads"),
    ORIGIN(cds_raw_package),
    END};

static const cds_key stack_keys[] = {
    ROW(cds_raw_stack, "name", NAME, name, .help = "Name of the stack"),
    ROW(cds_raw_stack, "x", QUANTITY, x, .dimension = CDS_DIM_LENGTH,
        .low = -300000, .high = 300000, .fallback = "0 um",
        .help = "Where the middle of the stack is, to the right of the middle "
                "of the package"),
    ROW(cds_raw_stack, "y", QUANTITY, y, .dimension = CDS_DIM_LENGTH,
        .low = -300000, .high = 300000, .fallback = "0 um",
        .help = "The same, upwards seen from above"),
    ROW(cds_raw_stack, "layers", NODE, layers, .required = true,
        .help = "Dies and bonds from bottom (substrate) to top (sink): a die "
                "name, {bond: ...} or {die: ..., repeat: ..., bond: ...}"),
    ORIGIN(cds_raw_stack),
    END};

#define BOND_ROWS                                                              \
  ROW(cds_raw_layer, "bond", NAME, bond,                                       \
      .help = "Bond class, such as hybrid, microbump or tsv, or a link "       \
              "between dies side by side, such as ucie-a: fills energy and "   \
              "bandwidth that are not given"),                                 \
      ROW(cds_raw_layer, "pitch", QUANTITY, pitch,                             \
          .dimension = CDS_DIM_LENGTH, .low = 0.01, .high = 10000,             \
          .help = "Distance between neighbouring connections"),                \
      ROW(cds_raw_layer, "shoreline", QUANTITY, shoreline,                     \
          .dimension = CDS_DIM_LENGTH, .low = 1, .high = 1e6,                  \
          .help = "Edge of the die that a link such as ucie-s takes; one "     \
                  "module when not given"),                                    \
      ROW(cds_raw_layer, "thickness", QUANTITY, thickness,                     \
          .dimension = CDS_DIM_LENGTH, .low = 0.05, .high = 2000,              \
          .help = "Thickness of the bond; 3 um of a hybrid one, 20 um of "     \
                  "others when not given"),                                    \
      ROW(cds_raw_layer, "conductivity", QUANTITY, conductivity,               \
          .dimension = CDS_DIM_CONDUCTIVITY, .low = 0.02, .high = 500,         \
          .help = "How well the bond conducts heat; 2 W/mK of a hybrid one, "  \
                  "1.5 W/mK of others when not given"),                        \
      ROW(cds_raw_layer, "resistance", QUANTITY, resistance,                   \
          .dimension = CDS_DIM_OHM, .low = 1e-9, .high = 1e3,                  \
          .help = "Electrical resistance of one connection that carries "      \
                  "power, its via through a die with it; from pitch, copper "  \
                  "or solder, and thickness when not given"),                  \
      ROW(cds_raw_layer, "current", QUANTITY, current,                         \
          .dimension = CDS_DIM_CURRENT, .low = 1e-9, .high = 1e3,              \
          .help = "Most that one connection may carry"),                       \
      ROW(cds_raw_layer, "energy", QUANTITY, energy,                           \
          .dimension = CDS_DIM_ENERGY_BIT, NOT_NEGATIVE,                       \
          .help = "Energy of one bit that crosses, at the nominal supply of "  \
                  "the lower die"),                                            \
      ROW(cds_raw_layer, "bandwidth", BANDWIDTH, bandwidth,                    \
          .dimension = CDS_DIM_BANDWIDTH,                                      \
          .help = "Bandwidth of one crossing, both directions together; "      \
                  "without it and without a class: no limit")

static const cds_key layer_keys[] = {
    ROW(cds_raw_layer, "die", NAME, die, .required = true,
        .help = "Die of this layer"),
    ROW(cds_raw_layer, "repeat", COUNT, repeat, .low = 1, .high = 64,
        .fallback = "1", .help = "How many of this die lie on one another"),
    ROW(cds_raw_layer, "face", CHOICE, face, .choices = faces,
        .fallback = "down",
        .help = "Where its transistors are: down (towards the substrate) or up "
                "(towards the sink)"),
    BOND_ROWS,
    ORIGIN(cds_raw_layer),
    END};
static const cds_key stack_bond_keys[] = {BOND_ROWS, ORIGIN(cds_raw_layer),
                                          END};
static const cds_key link_keys[] = {
    ROW(cds_raw_layer, "from", NAME, from, .required = true,
        .help = "Die at one end of the link"),
    ROW(cds_raw_layer, "to", NAME, to, .required = true,
        .help = "Die at the other end"),
    BOND_ROWS, ORIGIN(cds_raw_layer), END};

static const cds_key power_keys[] = {
    ROW(cds_raw_power, "regulator", NODE, regulator,
        .help = "Regulators that make the supplies of the dies"),
    ROW(cds_raw_power, "mains", NUMBER, mains, .low = 0.01, .high = 1,
        .help = "Efficiency from the wall to the regulators; 92 % when not "
                "given (an assumption)"),
    ROW(cds_raw_power, "network", QUANTITY, network, .dimension = CDS_DIM_OHM,
        .low = 0, .high = 10,
        .help = "Resistance of a supply from its regulator to the bumps and "
                "back; 50 uOhm of regulators on the board, 10 uOhm on the "
                "package, when not given (assumptions)"),
    ROW(cds_raw_power, "budget", NUMBER, budget, .low = 0.001, .high = 0.9,
        .help = "Share of a supply that may be lost between regulator and "
                "die; 10 % when not given (an assumption)"),
    ROW(cds_raw_power, "grid", QUANTITY, grid, .dimension = CDS_DIM_OHM,
        .low = 0, .high = 1e3,
        .help = "Resistance of a square of a die's own power grid; 40 mOhm, "
                "on the back 28 mOhm, when not given (assumptions)"),
    ROW(cds_raw_power, "backside", BOOL, backside,
        .help = "The grid is on the back of the dies"),
    ROW(cds_raw_power, "bumps", NODE, bumps,
        .help = "Bumps below the lowest dies"),
    ORIGIN(cds_raw_power),
    END};
static const cds_key regulator_keys[] = {
    ROW(cds_raw_regulator, "place", CHOICE, place, .choices = places,
        .fallback = "board",
        .help = "Where they are: board, package or stack (in the lowest die "
                "of each stack)"),
    ROW(cds_raw_regulator, "efficiency", NUMBER, efficiency, .low = 0.01,
        .high = 1,
        .help = "Their efficiency; 90 % on the board, 92 % on the package, 85 "
                "% in the stack, when not given (assumptions)"),
    ROW(cds_raw_regulator, "input", QUANTITY, input,
        .dimension = CDS_DIM_VOLTAGE, .low = 0.1, .high = 1000,
        .help = "Voltage that they take, which the bumps carry where they are "
                "in the stack; 1.8 V when not given (an assumption)"),
    ORIGIN(cds_raw_regulator), END};
static const cds_key bumps_keys[] = {
    ROW(cds_raw_bumps, "pitch", QUANTITY, pitch, .dimension = CDS_DIM_LENGTH,
        .low = 1, .high = 10000,
        .help = "Distance between neighbouring bumps; 130 um when not given "
                "(an assumption)"),
    ROW(cds_raw_bumps, "current", QUANTITY, current,
        .dimension = CDS_DIM_CURRENT, .low = 1e-6, .high = 1e3,
        .help = "Most that a bump may carry; what its solder stands when not "
                "given"),
    ROW(cds_raw_bumps, "resistance", QUANTITY, resistance,
        .dimension = CDS_DIM_OHM, .low = 0, .high = 1e3,
        .help = "Resistance of a bump; that of its solder when not given"),
    ROW(cds_raw_bumps, "share", NUMBER, share, .low = 0.001, .high = 1,
        .help = "Share of the bumps, and of the pads between dies, that power "
                "and ground may take at most; 50 % when not given (an "
                "assumption)"),
    ROW(cds_raw_bumps, "rate", BANDWIDTH, rate, .dimension = CDS_DIM_BANDWIDTH,
        .help = "Rate of a bump that carries signals, of which half carry "
                "data; 32 Gbit/s when not given (an assumption)"),
    ORIGIN(cds_raw_bumps),
    END};

static const cds_key cooling_keys[] = {
    ROW(cds_raw_cooling, "ambient", QUANTITY, ambient,
        .dimension = CDS_DIM_TEMPERATURE, .low = -273.15, .high = 400,
        .help = "Temperature of what the sink gives its heat to; 45 degC (an "
                "assumption) when not given"),
    ROW(cds_raw_cooling, "sink", QUANTITY, sink,
        .dimension = CDS_DIM_RESISTANCE, NOT_NEGATIVE,
        .help = "Thermal resistance from the dies to the ambient; 'codesign "
                "package', which has the way through dies, lid and plate, "
                "takes it as that of the plate to the air"),
    ROW(cds_raw_cooling, "tim", NODE, tim,
        .help = "Thermal interface material between the top dies and the lid"),
    ROW(cds_raw_cooling, "lid", NODE, lid,
        .help = "Plate over the dies that spreads their heat"),
    ROW(cds_raw_cooling, "plate", NODE, plate,
        .help = "Base of the sink, on the lid"),
    ROW(cds_raw_cooling, "board", QUANTITY, board,
        .dimension = CDS_DIM_RESISTANCE, .low = 0.001, .high = 1e5,
        .help = "Thermal resistance of the way down, through the board; none "
                "when not given"),
    ROW(cds_raw_cooling, "fill", QUANTITY, fill,
        .dimension = CDS_DIM_CONDUCTIVITY, .low = 0.02, .high = 50,
        .help = "How well what is beside the dies, under the lid, conducts "
                "heat; nothing is there when not given"),
    ORIGIN(cds_raw_cooling),
    END};

static const cds_key carrier_keys[] = {
    ROW(cds_raw_plate, "kind", NAME, kind,
        .help = "organic (the substrate alone), bridge (pieces of silicon in "
                "the substrate, below the edges of neighbours), fanout (layers "
                "of redistribution) or interposer (silicon)"),
    ROW(cds_raw_plate, "side", QUANTITY, side, .dimension = CDS_DIM_LENGTH,
        .low = 500, .high = 1e6,
        .help = "Its side; 1 mm beyond the outermost dies when not given"),
    ROW(cds_raw_plate, "thickness", QUANTITY, thickness,
        .dimension = CDS_DIM_LENGTH, .low = 5, .high = 10000,
        .help = "Its thickness; 100 um of an interposer or fan-out layers, 1 "
                "mm of a substrate, when not given"),
    ROW(cds_raw_plate, "conductivity", QUANTITY, conductivity,
        .dimension = CDS_DIM_CONDUCTIVITY, .low = 0.1, .high = 1000,
        .help = "How well it conducts heat; 130 W/mK of silicon, 0.7 W/mK of "
                "others, when not given"),
    ORIGIN(cds_raw_plate),
    END};
static const cds_key tim_keys[] = {
    ROW(cds_raw_plate, "thickness", QUANTITY, thickness,
        .dimension = CDS_DIM_LENGTH, .low = 0.05, .high = 2000,
        .help = "Its thickness; 20 um when not given"),
    ROW(cds_raw_plate, "conductivity", QUANTITY, conductivity,
        .dimension = CDS_DIM_CONDUCTIVITY, .low = 0.02, .high = 500,
        .help = "How well it conducts heat; 4 W/mK when not given"),
    ORIGIN(cds_raw_plate), END};
static const cds_key plate_keys[] = {
    ROW(cds_raw_plate, "side", QUANTITY, side, .required = true,
        .dimension = CDS_DIM_LENGTH, .low = 500, .high = 1e6,
        .help = "Its side: it is a square in the middle of the package"),
    ROW(cds_raw_plate, "thickness", QUANTITY, thickness, .required = true,
        .dimension = CDS_DIM_LENGTH, .low = 20, .high = 1e5,
        .help = "Its thickness"),
    ROW(cds_raw_plate, "conductivity", QUANTITY, conductivity,
        .dimension = CDS_DIM_CONDUCTIVITY, .low = 10, .high = 3000,
        .fallback = "400 W/mK",
        .help = "How well it conducts heat; that of copper when not given"),
    ORIGIN(cds_raw_plate), END};

static const cds_key level_keys[] = {
    ROW(cds_raw_level, "level", NAME, name, .required = true,
        .help = "Name of the level"),
    ROW(cds_raw_level, "class", NAME, class_name,
        .help = "Component class, such as sram, regfile or dram: fills the "
                "numbers that are not given"),
    ROW(cds_raw_level, "die", NAME, die,
        .help = "Die on which the level stands; that of the entry before when "
                "not given"),
    ROW(cds_raw_level, "size", QUANTITY, size, .dimension = CDS_DIM_BITS,
        .low = 1, .high = SIZE_HIGH,
        .help = "Capacity of one instance; without it that of the memory die; "
                "the outermost level may be without limit"),
    ROW(cds_raw_level, "width", QUANTITY, width, .dimension = CDS_DIM_BITS,
        .low = 1, .high = WIDTH_HIGH,
        .help = "Bits of one access; that of the class, or 64 bit (an "
                "assumption), when not given"),
    ROW(cds_raw_level, "word", QUANTITY, word, .dimension = CDS_DIM_BITS,
        .low = 1, .high = WORD_HIGH,
        .help = "Bits that each value takes here in Timeloop's accounting "
                "(eval --accounting timeloop), which counts capacity, accesses "
                "and bandwidth in such words; the bits of the tensor's format "
                "when not given. Changes nothing else"),
    ROW(cds_raw_level, "bandwidth", NODE, bandwidth,
        .help = "Of one instance: one quantity that all actions share, or "
                "{read, write} or {shared}; B/cycle counts cycles of the "
                "level's die; without it and without a class that implies "
                "one: no limit"),
    ROW(cds_raw_level, "energy", NODE, energy,
        .help = "Energy of one access of the width, or of a bit (pJ/bit): one "
                "quantity for all actions, or {read, fill, update, drain}"),
    ROW(cds_raw_level, "leakage", QUANTITY, leakage, .dimension = CDS_DIM_POWER,
        NOT_NEGATIVE,
        .help = "Standing power of one instance at the nominal supply and 85 "
                "degC; of a DRAM class instead of its background and refresh"),
    ROW(cds_raw_level, "background", QUANTITY, background,
        .dimension = CDS_DIM_POWER, NOT_NEGATIVE,
        .help = "Standby power of one instance of DRAM at the nominal supply; "
                "that of the class when neither it nor leakage is given"),
    ROW(cds_raw_level, "refresh", QUANTITY, refresh, .dimension = CDS_DIM_POWER,
        NOT_NEGATIVE,
        .help = "Refresh power of one instance of DRAM at or below 85 degC, "
                "where it doubles; that of the class when neither it nor "
                "leakage is given"),
    ROW(cds_raw_level, "row_hit", NUMBER, row_hit, .low = 0, .high = 1,
        .help = "Share of the accesses that find their row open, for the "
                "energy of a DRAM class; that of the class when not given"),
    ROW(cds_raw_level, "area", QUANTITY, area, .dimension = CDS_DIM_AREA,
        NOT_NEGATIVE, .help = "Area of one instance"),
    ROW(cds_raw_level, "buffering", CHOICE, buffering, .choices = bufferings,
        .fallback = "double",
        .help = "double: a tile that is replaced is held twice; single: its "
                "fills and drains are not hidden"),
    ROW(cds_raw_level, "keep", NAMES, keep,
        .help = "Tensors that the level must hold: roles (input, weight, "
                "output) or tensor names"),
    ROW(cds_raw_level, "bypass", NAMES, bypass,
        .help = "Tensors that the level must not hold"),
    ROW(cds_raw_level, "may", NAMES, may,
        .help = "Tensors that the level may hold; when given, no others that "
                "'keep' does not name"),
    ROW(cds_raw_level, "accumulate", BOOL, accumulate, .fallback = "false",
        .help = "Partial results are added here and never come back"),
    ROW(cds_raw_level, "streamed", BOOL, streamed, .fallback = "false",
        .help = "Outermost level: the whole network need not fit"),
    ORIGIN(cds_raw_level),
    END};

static const cds_key level_bandwidth_keys[] = {
    ROW(cds_raw_bandwidth, "read", BANDWIDTH, read,
        .dimension = CDS_DIM_BANDWIDTH, .help = "Of reads and drains"),
    ROW(cds_raw_bandwidth, "write", BANDWIDTH, write,
        .dimension = CDS_DIM_BANDWIDTH, .help = "Of fills and updates"),
    ROW(cds_raw_bandwidth, "shared", BANDWIDTH, shared,
        .dimension = CDS_DIM_BANDWIDTH, .help = "Of all actions together"),
    ORIGIN(cds_raw_bandwidth), END};
static const cds_key one_bandwidth_keys[] = {
    ROW(cds_raw_bandwidth, "bandwidth", BANDWIDTH, shared,
        .dimension = CDS_DIM_BANDWIDTH, .help = "Of all actions together"),
    END};

#define ACTION_ROW(key, index, text)                                           \
  ROW(cds_raw_energy, key, ENERGY, action[index], .dimension = CDS_DIM_ENERGY, \
      NOT_NEGATIVE, .help = text)
static const cds_key level_energy_keys[] = {
    ACTION_ROW("read", CDS_READ,
               "A word leaves downwards; that of drain when not given"),
    ACTION_ROW("fill", CDS_FILL,
               "A word arrives from the parent; that of update when not "
               "given"),
    ACTION_ROW("update", CDS_UPDATE,
               "A result arrives from below; that of fill when not given"),
    ACTION_ROW("drain", CDS_DRAIN,
               "A result leaves upwards; that of read when not given"),
    ORIGIN(cds_raw_energy),
    END};
static const cds_key one_energy_keys[] = {
    ROW(cds_raw_energy, "energy", ENERGY, all, .dimension = CDS_DIM_ENERGY,
        NOT_NEGATIVE, .help = "Energy of each action"),
    END};

static const cds_key array_keys[] = {
    ROW(cds_raw_array, "array", NAME, name, .required = true,
        .help = "Name of the array; it multiplies everything after it"),
    ROW(cds_raw_array, "rows", COUNT, rows, .low = 1, .high = COUNT_HIGH,
        .help = "Elements along the axis 'rows'; without 'cols' the array has "
                "one axis"),
    ROW(cds_raw_array, "cols", COUNT, cols, .low = 1, .high = COUNT_HIGH,
        .help = "Elements along the axis 'cols'"),
    ROW(cds_raw_array, "network", NODE, network,
        .help = "A kind, such as bus, or {kind, class, ports, radix, energy, "
                "add, bandwidth}; the built-in class of the kind fills what "
                "is not given"),
    ROW(cds_raw_array, "multicast", BOOL, multicast, .fallback = "true",
        .help = "One word that several elements need crosses the network "
                "once"),
    ROW(cds_raw_array, "reduction", BOOL, reduction, .fallback = "true",
        .help = "Results of several elements for one word are added in the "
                "network"),
    ROW(cds_raw_array, "die", NAME, die,
        .help = "Die on which the array stands; that of the entry before when "
                "not given"),
    ROW(cds_raw_array, "leakage", QUANTITY, leakage, .dimension = CDS_DIM_POWER,
        NOT_NEGATIVE,
        .help = "Standing power of one network at the nominal supply and 85 "
                "degC"),
    ROW(cds_raw_array, "area", QUANTITY, area, .dimension = CDS_DIM_AREA,
        NOT_NEGATIVE, .help = "Area of one network"),
    ORIGIN(cds_raw_array),
    END};

static const cds_key network_keys[] = {
    ROW(cds_raw_network, "kind", CHOICE, kind, .choices = networks,
        .fallback = "bus",
        .help = "bus: a bit is carried once, whoever listens; the others "
                "count every link that a bit crosses: mesh, systolic, tree, "
                "crossbar"),
    ROW(cds_raw_network, "class", NAME, class_name,
        .help = "Class that fills what is not given: that of the kind, or a "
                "link between dies where the elements are dies, such as "
                "ucie-s, ucie-a, grs or interposer"),
    ROW(cds_raw_network, "drain", CHOICE, drain, .choices = drains,
        .fallback = "shifted",
        .help = "With passes apart, how results that stayed in the elements "
                "leave them: shifted (through the array) or direct (where they "
                "are, without a cycle of their own)"),
    ROW(cds_raw_network, "ports", CHOICE, ports, .choices = ports,
        .help = "Where the parent is attached: corner (one port, at row 0 and "
                "column 0; default of mesh), cols (one above each column; "
                "default of systolic), rows (one beside each row)"),
    ROW(cds_raw_network, "passes", CHOICE, passes, .choices = passes,
        .fallback = "joined",
        .help = "Of a systolic array, when the tiles right below it change: "
                "joined (the next pass follows without a gap) or apart (the "
                "new tiles are shifted in, old results out, along the axis "
                "from the ports, and each pass fills and empties the whole "
                "array)"),
    ROW(cds_raw_network, "radix", COUNT, radix, .low = 2, .high = 65536,
        .help = "Children of a node of a tree; 2 when not given"),
    ROW(cds_raw_network, "shoreline", QUANTITY, shoreline,
        .dimension = CDS_DIM_LENGTH, .low = 1, .high = 1e6,
        .help = "Edge of the die that one link between dies takes: gives its "
                "bandwidth and area; one module of the class when not given"),
    ROW(cds_raw_network, "energy", QUANTITY, energy,
        .dimension = CDS_DIM_ENERGY_BIT, NOT_NEGATIVE,
        .help = "Energy of one bit carried once (bus), or over one link with "
                "what stands at its end (others)"),
    ROW(cds_raw_network, "add", QUANTITY, add, .dimension = CDS_DIM_ENERGY,
        NOT_NEGATIVE, .help = "Energy of one addition of a reduction"),
    ROW(cds_raw_network, "bandwidth", BANDWIDTH, bandwidth,
        .dimension = CDS_DIM_BANDWIDTH,
        .help = "Bus: of one network, both directions together; others: of "
                "one link, each direction; no limit when not given"),
    ORIGIN(cds_raw_network),
    END};

static const cds_key one_network_keys[] = {
    ROW(cds_raw_network, "network", CHOICE, kind, .choices = networks,
        .help = "Kind of network"),
    END};

static const cds_key beside_keys[] = {
    ROW(cds_raw_beside, "beside", NODE, levels, .required = true,
        .help = "Levels side by side: a tensor passes through one of them"),
    ORIGIN(cds_raw_beside), END};

#define UNIT_ROWS                                                              \
  ROW(cds_raw_compute, "compute", NAME, name, .required = true,                \
      .help = "Name of the unit"),                                             \
      ROW(cds_raw_compute, "class", NAME, class_name,                          \
          .help = "Component class, mac or vector: fills the numbers that "    \
                  "are not given"),                                            \
      ROW(cds_raw_compute, "die", NAME, die,                                   \
          .help = "Die on which the unit stands"),                             \
      ROW(cds_raw_compute, "formats", NODE, formats,                           \
          .help = "Number formats that the unit computes in, such as int8 or " \
                  "fp16; without it any (a vector unit: fp32)"),               \
      ROW(cds_raw_compute, "leakage", QUANTITY, leakage,                       \
          .dimension = CDS_DIM_POWER, NOT_NEGATIVE,                            \
          .help = "Standing power of one unit at the nominal supply and 85 "   \
                  "degC"),                                                     \
      ROW(cds_raw_compute, "area", QUANTITY, area, .dimension = CDS_DIM_AREA,  \
          NOT_NEGATIVE, .help = "Area of one unit")

static const cds_key compute_keys[] = {
    UNIT_ROWS,
    ROW(cds_raw_compute, "energy", NODE, energy,
        .help = "Energy of one multiply-accumulate: one quantity, or one a "
                "format, as {int8: 0.1 pJ, fp16: 0.5 pJ}"),
    ORIGIN(cds_raw_compute), END};

static const cds_key vector_keys[] = {
    UNIT_ROWS,
    ROW(cds_raw_compute, "at", NAME, at,
        .help = "Level that the vector unit reads and writes; the outermost "
                "on-chip level when not given"),
    ROW(cds_raw_compute, "lanes", COUNT, lanes, .low = 1, .high = COUNT_HIGH,
        .fallback = "1", .help = "Lanes that work side by side"),
    ROW(cds_raw_compute, "cycles", NODE, cycles,
        .help = "Cycles that a lane takes for each primitive"),
    ROW(cds_raw_compute, "energy", NODE, energy,
        .help = "Energy of one primitive: one quantity for all, or one each"),
    ORIGIN(cds_raw_compute),
    END};

#define PRIMITIVE_ROWS(of, prefix, ...)                                        \
  ROW(cds_raw_primitives, "add", of, value[CDS_ADD],                           \
      .help = prefix "an addition", __VA_ARGS__),                              \
      ROW(cds_raw_primitives, "mul", of, value[CDS_MUL],                       \
          .help = prefix "a multiplication", __VA_ARGS__),                     \
      ROW(cds_raw_primitives, "max", of, value[CDS_MAX],                       \
          .help = prefix "a comparison", __VA_ARGS__),                         \
      ROW(cds_raw_primitives, "exp", of, value[CDS_EXP],                       \
          .help = prefix "an exponential", __VA_ARGS__),                       \
      ROW(cds_raw_primitives, "recip", of, value[CDS_RECIP],                   \
          .help = prefix "a reciprocal", __VA_ARGS__),                         \
      ROW(cds_raw_primitives, "rsqrt", of, value[CDS_RSQRT],                   \
          .help = prefix "a reciprocal square root", __VA_ARGS__),             \
      ROW(cds_raw_primitives, "erf", of, value[CDS_ERF],                       \
          .help = prefix "an error function", __VA_ARGS__),                    \
      ROW(cds_raw_primitives, "convert", of, value[CDS_CONVERT],               \
          .help = prefix "a change of format", __VA_ARGS__),                   \
      ORIGIN(cds_raw_primitives)

static const cds_key cycles_keys[] = {
    PRIMITIVE_ROWS(NUMBER, "Cycles of ", .low = 0.001, .high = 1e6), END};
static const cds_key slots_keys[] = {
    PRIMITIVE_ROWS(NUMBER, "MAC slots of ", .low = 0.001, .high = 1e6), END};
static const cds_key primitive_energy_keys[] = {
    PRIMITIVE_ROWS(QUANTITY, "Energy of ", .dimension = CDS_DIM_ENERGY,
                   NOT_NEGATIVE),
    END};

static const cds_key host_keys[] = {
    ROW(cds_raw_host, "energy", QUANTITY, energy, .dimension = CDS_DIM_ENERGY,
        .required = true, NOT_NEGATIVE, .help = "Energy of one primitive"),
    ROW(cds_raw_host, "rate", QUANTITY, rate, .dimension = CDS_DIM_RATE,
        .required = true, .low = 1, .high = 1e18,
        .help = "Primitives a second"),
    ROW(cds_raw_host, "link", NODE, link,
        .help = "Link between the outermost level and the host: {energy, "
                "bandwidth}"),
    ORIGIN(cds_raw_host), END};
static const cds_key host_link_keys[] = {
    ROW(cds_raw_host_link, "energy", QUANTITY, energy,
        .dimension = CDS_DIM_ENERGY_BIT, .required = true, NOT_NEGATIVE,
        .help = "Energy of one bit"),
    ROW(cds_raw_host_link, "bandwidth", BANDWIDTH, bandwidth,
        .dimension = CDS_DIM_BANDWIDTH,
        .help = "Both directions together; no limit when not given"),
    ORIGIN(cds_raw_host_link), END};

static const cds_key use_keys[] = {
    ROW(cds_raw_use, "grid", QUANTITY, grid, .dimension = CDS_DIM_CARBON,
        .low = 1e-3, .high = 1e5,
        .help = "CO2e of electricity; 481 g/kWh (the world's mean; an "
                "assumption, range 11 to 820) when not given"),
    ROW(cds_raw_use, "electricity", QUANTITY, electricity,
        .dimension = CDS_DIM_PRICE, .low = 1e-6, .high = 1e3,
        .help = "Price of electricity; 0.1 USD/kWh (an assumption, range 0.05 "
                "to 0.3) when not given"),
    ROW(cds_raw_use, "lifetime", QUANTITY, lifetime, .dimension = CDS_DIM_TIME,
        .low = 3600, .high = 1e10,
        .help = "From the first use to the last; 4 years (an assumption, range "
                "3 to 6) when not given"),
    ROW(cds_raw_use, "duty", NUMBER, duty, .low = 1e-6, .high = 1,
        .help = "Share of the lifetime in which it runs; 60 % (an assumption, "
                "range 10 to 90 %) when not given"),
    ROW(cds_raw_use, "idle", QUANTITY, idle, .dimension = CDS_DIM_TIME,
        .low = 1e-9, .high = 1e8,
        .help = "How long it waits from one work to the next, in the rest of "
                "the lifetime, each die in its best power state; when not "
                "given it is off there, and takes nothing"),
    ORIGIN(cds_raw_use),
    END};

static const cds_key explore_keys[] = {
    ROW(cds_raw_explore, "variables", NODE, variables,
        .help = "Mapping of names to values: a list, or a range such as 256 "
                "KiB to 16 MiB by x2; used as $name"),
    ROW(cds_raw_explore, "limits", NODE, limits,
        .help =
            "What a design must meet, such as area <= 100 mm2: area, "
            "power, temperature, energy, latency, edp, cost, embodied, wall"),
    ROW(cds_raw_explore, "objective", CHOICE, objective, .choices = objectives,
        .fallback = "edp",
        .help =
            "What is made least: edp, energy, delay, ed2p, or of a run, with "
            "its share of making the package, carbon or cost"),
    ORIGIN(cds_raw_explore), END};

#define SCHEMA(id, title, rows, text)                                          \
  const cds_schema cds_schema_##id = {                                         \
      .name = (title), .help = (text), .keys = (rows)}

SCHEMA(arch, "architecture", arch_keys, "An architecture file");
SCHEMA(die, "die", die_keys, "One die of 'dies'");
SCHEMA(package, "package", package_keys, "How the dies stand together");
SCHEMA(stack, "stack", stack_keys, "One stack of dies");
SCHEMA(layer, "stack_layer", layer_keys,
       "A die of a stack; its bond joins the repeats, and the die below where "
       "no bond of its own stands between");
SCHEMA(stack_bond, "bond", stack_bond_keys, "A bond between two layers");
SCHEMA(link, "link", link_keys, "A link between two dies");
SCHEMA(cooling, "cooling", cooling_keys, "How heat leaves the package");
SCHEMA(carrier, "carrier", carrier_keys,
       "What stacks stand on beside each other");
SCHEMA(tim, "tim", tim_keys, "What joins the top dies and the lid");
SCHEMA(plate, "plate", plate_keys, "A lid, or the base of a sink");
SCHEMA(level, "level", level_keys, "One memory level of the chain");
SCHEMA(level_bandwidth, "bandwidth", level_bandwidth_keys,
       "Bandwidth of one instance of a level");
SCHEMA(one_bandwidth, "bandwidth", one_bandwidth_keys, "One bandwidth");
SCHEMA(level_energy, "energy of a level", level_energy_keys,
       "Energy of the actions of a level, in pJ an access or pJ/bit");
SCHEMA(power, "power", power_keys, "How the dies get their power");
SCHEMA(regulator, "regulator", regulator_keys,
       "Regulators that make the supplies of the dies");
SCHEMA(bumps, "bumps", bumps_keys, "Bumps below the lowest dies");
SCHEMA(state, "power state", state_keys, "A power state of a die");
SCHEMA(one_energy, "energy", one_energy_keys, "One energy");
SCHEMA(array, "array", array_keys, "An array of everything after it");
SCHEMA(network, "network", network_keys, "Network of an array");
SCHEMA(one_network, "array", one_network_keys, "One kind of network");
SCHEMA(beside, "beside", beside_keys, "Levels side by side");
SCHEMA(compute, "compute", compute_keys,
       "The multiply-accumulate units at the end of the chain");
SCHEMA(vector, "vector unit", vector_keys,
       "A unit at the side, for what is not multiply-accumulate");
SCHEMA(cycles, "cycles", cycles_keys, "Cycles of each primitive");
SCHEMA(primitive_energy, "energy of primitives", primitive_energy_keys,
       "Energy of each primitive");
SCHEMA(mac_slots, "mac_slots", slots_keys,
       "MAC slots of each primitive: add, mul, max, convert 1, exp 8, recip "
       "and rsqrt 6, erf 12 when not given");
SCHEMA(host, "host", host_keys, "The host that does other operations");
SCHEMA(host_link, "host link", host_link_keys, "The link to the host");
SCHEMA(use, "use", use_keys, "Where and how long it runs");
SCHEMA(explore, "explore", explore_keys, "The design space of the file");

const cds_schema *const cds_arch_schemas[] = {&cds_schema_arch,
                                              &cds_schema_die,
                                              &cds_schema_package,
                                              &cds_schema_stack,
                                              &cds_schema_layer,
                                              &cds_schema_stack_bond,
                                              &cds_schema_link,
                                              &cds_schema_power,
                                              &cds_schema_regulator,
                                              &cds_schema_bumps,
                                              &cds_schema_state,
                                              &cds_schema_cooling,
                                              &cds_schema_carrier,
                                              &cds_schema_tim,
                                              &cds_schema_plate,
                                              &cds_schema_level,
                                              &cds_schema_level_bandwidth,
                                              &cds_schema_level_energy,
                                              &cds_schema_array,
                                              &cds_schema_network,
                                              &cds_schema_beside,
                                              &cds_schema_compute,
                                              &cds_schema_vector,
                                              &cds_schema_cycles,
                                              &cds_schema_primitive_energy,
                                              &cds_schema_mac_slots,
                                              &cds_schema_host,
                                              &cds_schema_host_link,
                                              &cds_schema_use,
                                              &cds_schema_explore,
                                              NULL};
