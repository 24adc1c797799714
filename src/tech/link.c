/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Links between dies that stand side by side: physical layers on an organic
 * substrate, a fan-out, a bridge or a silicon interposer. Energy of a bit over
 * one link, transmitter and receiver together; bandwidth and area by modules,
 * of which a piece of the die's edge ("shoreline") takes as many as fit.
 *
 *   modules   = floor(shoreline / module edge), 1 when no shoreline is given
 *   bandwidth = modules x bits per second, both directions together
 *   area      = links x 2 ends x modules x area of a module
 *
 * Figures hold at the supply of the interface itself, which is not that of the
 * die: nothing is scaled. Limits: no latency, no idle power, no retries; no
 * wire length beyond what the figure was published for.
 */
#include "tech/internal.h"

typedef struct link_table {
  double bit_pj;
  double module_bits_per_s; /* both directions; NaN: not known */
  double module_edge_um;    /* NaN: not known */
  double module_um2;        /* one end; NaN: not known */
  const char *energy_source, *bandwidth_source, *area_source;
} link_table;

#define NONE CDS_TECH_NONE
static const char UNKNOWN_AREA[] =
    "no area is known for this interface: nothing charged, assumption";
static const char NO_LEAKAGE[] =
    "idle power of the interface is not modelled: nothing charged, assumption";

/* UCIe: Das Sharma, IEEE Hot Interconnects 2025: standard package 0.5 pJ/bit
 * up to 16 GT/s, 0.6 above, 224 GB/s/mm; advanced 0.25 and 0.3, 1.3 TB/s/mm.
 * Modules at 32 GT/s: 1024 Gb/s on 0.5715 mm and 0.754 mm2; 4096 Gb/s on
 * 0.3888 mm and 0.4055 mm2 (Graening et al., CATCH, 2025). */
#define UCIE_SOURCE(range)                                                     \
  "UCIe above 16 GT/s (Das Sharma, Hot Interconnects 2025); range " range      \
  " pJ/bit"
static const link_table UCIE_S = {
    0.6,
    1024e9,
    571.5,
    0.754e6,
    UCIE_SOURCE("0.5 to 0.6"),
    "UCIe standard package: module of 1024 Gb/s, both directions, on 0.5715 "
    "mm at 32 GT/s (224 GB/s/mm)",
    "UCIe standard package: 0.754 mm2 a module (CATCH, 2025)"};
static const link_table UCIE_A = {
    0.3,
    4096e9,
    388.8,
    0.4055e6,
    UCIE_SOURCE("0.25 to 0.3"),
    "UCIe advanced package: module of 4096 Gb/s, both directions, on 0.3888 "
    "mm at 32 GT/s (1.3 TB/s/mm)",
    "UCIe advanced package: 0.4055 mm2 a module (CATCH, 2025)"};
/* Ground-referenced signalling, 25 Gb/s a pin, 16 nm: 1.17 pJ/bit (Poulton et
 * al., JSSC 54(1), 2019); Simba has 0.82 to 1.75 at 11 to 25 Gb/s and four data
 * pins each way in a link of its mesh (Shao et al., MICRO 2019; Zimmer et al.,
 * JSSC 55(4), 2020). */
static const link_table GRS = {
    1.17,
    200e9,
    NONE,
    NONE,
    "ground-referenced signalling at 25 Gb/s a pin (Poulton et al., JSSC "
    "2019); range 0.82 to 1.75 pJ/bit (Simba, MICRO 2019)",
    "four pins of 25 Gb/s each way (Simba, MICRO 2019)",
    UNKNOWN_AREA};
/* Bunch of Wires 0.5 to 0.75, Advanced Interface Bus 0.5 to 0.85 pJ/bit: the
 * ranges that their specifications and surveys give; middle: assumption. */
static const link_table BOW = {
    0.6,
    NONE,
    NONE,
    NONE,
    "Bunch of Wires (Open Compute Project), range 0.5 to 0.75 pJ/bit: "
    "assumption",
    NULL,
    UNKNOWN_AREA};
static const link_table AIB = {
    0.7,
    NONE,
    NONE,
    NONE,
    "Advanced Interface Bus (CHIPS Alliance), range 0.5 to 0.85 pJ/bit: "
    "assumption",
    NULL,
    UNKNOWN_AREA};
/* 112G XSR: 97.44 mW a lane in 12 nm, x0.71 in 7 nm; 56G USR: 2.4 pJ/bit in 12
 * nm, 1.7 in 7 nm (figures of vendors, as collected by published link
 * models). The 7 nm ones are taken. */
static const link_table XSR = {
    0.62,
    NONE,
    NONE,
    NONE,
    "112 Gb/s a lane: 97.44 mW in 12 nm, x0.71 in 7 nm (vendor figures); range "
    "0.62 to 0.87 pJ/bit",
    NULL,
    UNKNOWN_AREA};
static const link_table USR = {
    1.7,
    NONE,
    NONE,
    NONE,
    "56 Gb/s a lane, 7 nm (vendor figures); range 1.7 to 2.4 pJ/bit",
    NULL,
    UNKNOWN_AREA};
static const link_table NVLINK_C2C = {
    1.3,
    NONE,
    NONE,
    NONE,
    "1.3 pJ/bit as NVIDIA states for NVLink-C2C; range x0.8 to x1.5: "
    "assumption",
    NULL,
    UNKNOWN_AREA};
/* Die-to-die energy by kind of package: organic substrate 1.0, fan-out 0.6,
 * silicon interposer 0.3 pJ/bit (Cai et al., Gemini, HPCA 2024, from UCIe). */
#define PACKAGE_SOURCE                                                         \
  "die-to-die interface by kind of package (Cai et al., HPCA 2024, from "      \
  "UCIe); range x0.5 to x2: assumption"
static const link_table ORGANIC = {
    1.0, NONE, NONE, NONE, PACKAGE_SOURCE, NULL, UNKNOWN_AREA};
static const link_table FANOUT = {0.6,  NONE,        NONE, NONE, PACKAGE_SOURCE,
                                  NULL, UNKNOWN_AREA};
static const link_table INTERPOSER = {
    0.3, NONE, NONE, NONE, PACKAGE_SOURCE, NULL, UNKNOWN_AREA};

static bool known(double value) { return value == value; }

static cds_status modules_of(double *out, const cds_component *self,
                             const cds_tech_query *query,
                             char why[CDS_TECH_WHY]) {
  const link_table *table = self->table;
  *out = 1.0;
  if (!known(query->shoreline_um)) {
    return CDS_OK;
  }
  if (!known(table->module_edge_um)) {
    return cds_tech_refuse(why,
                           "no bandwidth of class '%s' by the edge that it "
                           "takes is known: expected no 'shoreline'",
                           self->name);
  }
  const double fit = query->shoreline_um / table->module_edge_um;
  if (!(fit >= 1.0 && fit <= 1e6)) {
    const double range[2] = {table->module_edge_um,
                             table->module_edge_um * 1e6};
    return cds_tech_refuse_range(why, "shoreline of a link",
                                 query->shoreline_um, range, "um");
  }
  *out = (double)(uint64_t)fit;
  return CDS_OK;
}

static cds_status estimate_link(const cds_component *self,
                                cds_tech_estimate *out,
                                const cds_tech_query *query,
                                char why[CDS_TECH_WHY]) {
  const link_table *table = self->table;
  double modules = 0.0;
  CDS_TRY(modules_of(&modules, self, query, why));
  cds_tech_point point;
  CDS_TRY(cds_tech_point_at(&point, query->process, query->device,
                            query->supply_v, why));
  if (point.process != NULL) {
    CDS_TRY(cds_tech_network_rest(out, &point, query, why));
    out->clock_hz = CDS_TECH_NONE;
    out->clock_source = NULL;
  }
  for (unsigned action = 0; action < CDS_TECH_ACTIONS; action++) {
    out->bit_pj[action] = table->bit_pj;
  }
  out->energy_source = table->energy_source;
  if (known(table->module_bits_per_s)) {
    out->bandwidth_bits_per_s = modules * table->module_bits_per_s;
    out->bandwidth_source = table->bandwidth_source;
  }
  const double links = query->links == 0 ? 1.0 : (double)query->links;
  out->area_um2 = known(table->module_um2)
                      ? links * 2.0 * modules * table->module_um2
                      : 0.0;
  out->area_source = table->area_source;
  out->leakage_w = 0.0;
  out->leakage_source = NO_LEAKAGE;
  return CDS_OK;
}

#define LINK(id, title, TABLE, text)                                           \
  const cds_component cds_component_##id = {.name = (title),                   \
                                            .kind = CDS_COMPONENT_LINK,        \
                                            .help = (text),                    \
                                            .estimate = estimate_link,         \
                                            .table = &(TABLE)}

LINK(aib, "aib", AIB, "link between dies: Advanced Interface Bus");
LINK(bow, "bow", BOW, "link between dies: Bunch of Wires");
LINK(fanout, "fanout", FANOUT, "link between dies on a fan-out package (RDL)");
LINK(grs, "grs", GRS,
     "link between dies: ground-referenced signalling, as in Simba");
LINK(interposer, "interposer", INTERPOSER,
     "link between dies on a silicon interposer");
LINK(nvlink_c2c, "nvlink-c2c", NVLINK_C2C, "link between dies: NVLink-C2C");
LINK(organic, "organic", ORGANIC, "link between dies on an organic substrate");
LINK(ucie_a, "ucie-a", UCIE_A,
     "link between dies: UCIe, advanced package, modules of 0.3888 mm edge");
LINK(ucie_s, "ucie-s", UCIE_S,
     "link between dies: UCIe, standard package, modules of 0.5715 mm edge");
LINK(usr, "usr", USR, "link between dies: ultra short reach serial, 56 Gb/s");
LINK(xsr, "xsr", XSR, "link between dies: extra short reach serial, 112 Gb/s");
