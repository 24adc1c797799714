/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Figures with a mistake in each table, for a program that must find them
 * (missed.sh): the second yield of 25 mm2 by 0.002, the first die of ECO-CHIP
 * by 0.2 %, one loop of HotSpot by 0.03 K and one that does not run away.
 */
#include "validate/golden.h"

const cds_golden cds_goldens[] = {
    {"carbon/eco-chip.csv",
     (const char *const[]){
         "design,block,node_nm,mm2_at_7_nm,area_factor,defects_per_cm2,"
         "g_per_mm2,kg",
         "A15,logic,7,93.55,1,0.2,26.13,3.107864",
         "A15,analog,7,6.605,1,0.2,26.13,0.177718", NULL}},
    {"cost/yields.csv",
     (const char *const[]){
         "mm2,3,5,7,10,14,20,28,40,55,fanout,interposer",
         "25,0.951,0.975,0.978,0.98,0.98,0.983,0.983,0.983,0.983,0.988,0.985",
         NULL}},
    {"cost/dies.csv", (const char *const[]){"", NULL}},
    {"cost/packages.csv", (const char *const[]){"", NULL}},
    {"cost/cores.csv", (const char *const[]){"", NULL}},
    {"heat/loops.csv",
     (const char *const[]){"power_w,sink_k_per_w,resistance_k_per_w,"
                           "no_leakage_degc,hotspot_degc",
                           "100,0.3,0.4405,89.05,89.40",
                           "30,0.5,0.640667,64.22,runaway", NULL}},
    {0}};
