/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Networks on a die whose energy goes by links: one bit over one link and
 * through what stands at its end (links of each kind: count/hops.h).
 *
 *   mesh      wire of one element pitch + router
 *   systolic  wire of one element pitch + the register of the element
 *   tree      the way from the port to a leaf of an H-tree, half of (rows +
 *             cols) pitches, shared evenly by its links, + a register a node
 *   crossbar  line of half of (rows + cols) pitches + a switch at each of the
 *             rows x cols crossings that load it
 *   wire      1/2 a c V^2 x length, c = 0.3 pF/mm (bus.c)
 *
 * Area and leakage count what stands at the ends of the links, for a link of
 * WIDTH_BITS; wires run over the elements. Limits: no contention, no virtual
 * channels, no clock gating; widths other than WIDTH_BITS need an explicit
 * area.
 */
#include "base/math.h"
#include "tech/internal.h"

enum { WIDTH_BITS = 64 }; /* of a link: assumption */

/* pJ per bit at 45 and 7 nm: buffer, arbiter and crossbar of a router. With the
 * wire of a 1 mm pitch the sum is 0.4 pJ/bit and hop at 12 nm, the figure of
 * Cai et al. (Gemini, HPCA 2024); between the nodes: assumption, x0.3 to x3. */
static const double ROUTER_PJ[2] = {0.6, 0.2};
/* um2 at 45 nm per bit of link width: five input buffers of four words (20
 * flip-flops of 4.5 um2, Nangate 45 nm library) and as much again for switch
 * and control: assumption, x0.5 to x2. */
static const double ROUTER_UM2 = 180.0;
/* pJ per bit at 45 and 7 nm: a flip-flop with its clock; assumption, x0.5 to
 * x2. */
static const double REGISTER_PJ[2] = {0.010, 0.003};
static const double REGISTER_UM2 = 4.522; /* um2 at 45 nm: DFF_X1 of the Nangate
                                           * 45 nm open cell library */
static const double SWITCH_PF = 0.001; /* pF of one crossing on a line: drain of
                                        * a small pass gate; assumption, x0.5 to
                                        * x2 */
static const double SWITCH_UM2 = 1.0;  /* um2 at 45 nm a crossing and bit;
                                        * assumption, x0.5 to x2 */

/* What an element or node of the network holds. */
typedef struct hop_table {
  const double *end_pj; /* at 45 and 7 nm, or NULL */
  cds_tech_range end_around;
  double end_um2; /* at 45 nm per bit of width */
  const char *energy_source, *area_source;
} hop_table;

static const hop_table MESH = {
    ROUTER_PJ,
    {0.3, 3.0},
    ROUTER_UM2,
    "wire of one element pitch (0.3 pF/mm, Ho et al., Proc. IEEE 2001, with "
    "repeaters) + router of 0.2 pJ/bit at 7 nm, 0.6 at 45 nm (0.4 pJ/bit and "
    "hop at 12 nm: Cai et al., HPCA 2024): assumption, range x0.3 to x3",
    "routers of 64-bit links, 180 um2 a bit at 45 nm: assumption, range x0.5 "
    "to x2"};
static const hop_table SYSTOLIC = {
    REGISTER_PJ,
    {0.5, 2.0},
    REGISTER_UM2,
    "wire of one element pitch (0.3 pF/mm, Ho et al., Proc. IEEE 2001, with "
    "repeaters) + register of 10 fJ/bit at 45 nm, 3 at 7 nm: assumption, range "
    "x0.5 to x2",
    "a register of 64 bits at each element (DFF_X1, Nangate 45 nm): "
    "assumption, range x0.5 to x2"};
static const hop_table TREE = {
    REGISTER_PJ,
    {0.5, 2.0},
    REGISTER_UM2,
    "mean link of an H-tree (0.3 pF/mm, Ho et al., Proc. IEEE 2001, with "
    "repeaters) + register of 10 fJ/bit at 45 nm, 3 at 7 nm: assumption, range "
    "x0.5 to x2",
    "a register of 64 bits at the end of each link (DFF_X1, Nangate 45 nm): "
    "assumption, range x0.5 to x2"};
static const hop_table CROSSBAR = {
    NULL,
    {0.5, 2.0},
    SWITCH_UM2,
    "line of half of (rows + cols) pitches (0.3 pF/mm, Ho et al., Proc. IEEE "
    "2001, with repeaters) loaded with 1 fF a crossing: assumption, range x0.5 "
    "to x2",
    "crossings of 64-bit lines, 1 um2 a bit at 45 nm: assumption, range x0.5 "
    "to x2"};

/* Length of one link in pitches. */
static double link_pitches(const hop_table *table, const cds_tech_query *query,
                           double rows, double cols) {
  if (table == &TREE) {
    return 0.5 * (rows + cols) /
           (double)(query->height == 0 ? 1 : query->height);
  }
  return table == &CROSSBAR ? 0.5 * (rows + cols) : 1.0;
}

/* Of a bit over one link: its wire and what stands at its end. */
static void set_energy(cds_tech_estimate *out, double wire_pj, double end_pj,
                       const hop_table *table, const cds_tech_figure *device) {
  const cds_tech_range end = cds_tech_around(end_pj, table->end_around.low,
                                             table->end_around.high, device);
  for (unsigned action = 0; action < CDS_TECH_ACTIONS; action++) {
    out->bit_pj[action] = wire_pj + end_pj;
    out->bit_range[action] =
        (cds_tech_range){wire_pj * cds_tech_wire_around.low + end.low,
                         wire_pj * cds_tech_wire_around.high + end.high};
  }
  out->energy_projection = device->projection;
  out->energy_source = table->energy_source;
}

static cds_status estimate_hops(const cds_component *self,
                                cds_tech_estimate *out,
                                const cds_tech_query *query,
                                char why[CDS_TECH_WHY]) {
  const hop_table *table = self->table;
  cds_tech_point point;
  CDS_TRY(cds_tech_logic_point(&point, query, why));
  double pitch = 0.0;
  CDS_TRY(cds_tech_element_pitch(&pitch, &point, query, why));
  CDS_TRY(cds_tech_network_rest(out, &point, query, why));
  const double rows = query->rows == 0 ? 1.0 : (double)query->rows;
  const double cols = query->cols == 0 ? 1.0 : (double)query->cols;
  const double volts = point.supply.supply_v;
  const double wire_pj =
      cds_tech_wire_pj(&point, link_pitches(table, query, rows, cols) * pitch);
  const cds_tech_figure same = {1, 1, 1, NULL, false};
  const cds_tech_figure *device = &same;
  double end_pj = 0.5 * SWITCH_PF * volts * volts * rows * cols;
  if (table != &CROSSBAR) {
    end_pj = cds_tech_op_pj(&point, table->end_pj[0], table->end_pj[1]);
    device = &point.flavour->energy;
  }
  set_energy(out, wire_pj, end_pj, table, device);
  const double links = query->links == 0 ? 1.0 : (double)query->links;
  const double ends = table == &TREE ? links : rows * cols;
  const cds_tech_range around = {0.5, 2.0};
  cds_tech_set_area(
      out, &point,
      cds_tech_logic_area(&point, ends * table->end_um2 * WIDTH_BITS), &around,
      table->area_source);
  cds_tech_set_logic_leakage(
      out, &point, "logic leakage of that area at 85 degC; range x0.3 to x3");
  return CDS_OK;
}

#define HOPS(id, TABLE, text)                                                  \
  const cds_component cds_component_##id = {.name = #id,                       \
                                            .kind = CDS_COMPONENT_NETWORK,     \
                                            .help = (text),                    \
                                            .estimate = estimate_hops,         \
                                            .table = &(TABLE)}

HOPS(mesh, MESH,
     "mesh on a die: energy of a bit over a link of one element pitch and a "
     "router");
HOPS(systolic, SYSTOLIC,
     "systolic array: energy of a bit to the register of the neighbour");
HOPS(tree, TREE, "tree on a die: energy of a bit over one of its links");
HOPS(crossbar, CROSSBAR,
     "crossbar on a die: energy of a bit on a line that all elements load");
