/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tables of a file of results; docs/database.md says what they hold. Rows
 * stand in the order of their keys, not in that of their coming.
 */
#ifndef CDS_STORE_TABLES_H
#define CDS_STORE_TABLES_H

static const char *const cds_tables[] = {
    "CREATE TABLE runs (run TEXT NOT NULL PRIMARY KEY, architecture TEXT, "
    "workload TEXT, objective TEXT, unit TEXT, status TEXT, proven INTEGER, "
    "value REAL, bound REAL, gap REAL, winner INTEGER, designs INTEGER, "
    "mappings TEXT, fusion TEXT, residency TEXT, heat TEXT, version TEXT, "
    "model_version INTEGER, level INTEGER, sha256 TEXT) WITHOUT ROWID",
    "CREATE TABLE folders (run TEXT NOT NULL, folder TEXT NOT NULL, "
    "file TEXT NOT NULL, PRIMARY KEY (run, folder, file)) WITHOUT ROWID",
    "CREATE TABLE inputs (run TEXT NOT NULL, place INTEGER NOT NULL, "
    "role TEXT, path TEXT, sha256 TEXT, PRIMARY KEY (run, place)) "
    "WITHOUT ROWID",
    "CREATE TABLE options (run TEXT NOT NULL, name TEXT NOT NULL, value TEXT, "
    "PRIMARY KEY (run, name)) WITHOUT ROWID",
    "CREATE TABLE limits (run TEXT NOT NULL, place INTEGER NOT NULL, "
    "limit_text TEXT, PRIMARY KEY (run, place)) WITHOUT ROWID",
    "CREATE TABLE variables (run TEXT NOT NULL, place INTEGER NOT NULL, "
    "name TEXT, unit TEXT, stride INTEGER, count INTEGER, "
    "PRIMARY KEY (run, place)) WITHOUT ROWID",
    "CREATE TABLE variable_values (run TEXT NOT NULL, variable INTEGER NOT "
    "NULL, place INTEGER NOT NULL, text TEXT, number REAL, "
    "PRIMARY KEY (run, variable, place)) WITHOUT ROWID",
    "CREATE TABLE designs (run TEXT NOT NULL, design INTEGER NOT NULL, "
    "status TEXT, rank INTEGER, value REAL, bound REAL, floor REAL, "
    "energy_pj REAL, latency_s REAL, edp_pj_s REAL, area_mm2 REAL, "
    "power_w REAL, temperature_degc REAL, cost_usd REAL, "
    "embodied_kgco2e REAL, wall_w REAL, limit_text TEXT, reason TEXT, file "
    "TEXT, "
    "PRIMARY KEY (run, design)) WITHOUT ROWID",
    "CREATE TABLE points (run TEXT NOT NULL, design INTEGER NOT NULL, "
    "energy_pj REAL NOT NULL, latency_s REAL NOT NULL, edp_pj_s REAL, "
    "area_mm2 REAL, power_w REAL, temperature_degc REAL, cost_usd REAL, "
    "embodied_kgco2e REAL, leakage_w REAL, "
    "PRIMARY KEY (run, design, energy_pj, latency_s)) WITHOUT ROWID",
    "CREATE TABLE layers (run TEXT NOT NULL, place INTEGER NOT NULL, "
    "name TEXT, kind TEXT, phase TEXT, count INTEGER, status TEXT, "
    "energy_pj REAL, latency_s REAL, edp_pj_s REAL, lower_bound_pj_s REAL, "
    "gap REAL, macs INTEGER, useful_macs INTEGER, cycles REAL, "
    "bottleneck TEXT, chain INTEGER, mapping TEXT, PRIMARY KEY (run, place)) "
    "WITHOUT ROWID",
    "CREATE TABLE components (run TEXT NOT NULL, layer INTEGER NOT NULL, "
    "kind TEXT NOT NULL, name TEXT NOT NULL, energy_pj REAL, "
    "PRIMARY KEY (run, layer, kind, name)) WITHOUT ROWID",
    "CREATE TABLE phases (run TEXT NOT NULL, place INTEGER NOT NULL, "
    "name TEXT, kind TEXT, batch INTEGER, tokens INTEGER, context INTEGER, "
    "runs REAL, energy_pj REAL, latency_s REAL, power_w REAL, wall_w REAL, "
    "time_to_first_token_s REAL, time_per_token_s REAL, "
    "energy_per_token_j REAL, PRIMARY KEY (run, place)) WITHOUT ROWID",
    "CREATE VIEW choices AS SELECT d.run AS run, d.design AS design, "
    "v.name AS name, n.text AS text, n.number AS number, v.unit AS unit "
    "FROM designs d JOIN variables v ON v.run = d.run "
    "JOIN variable_values n ON n.run = v.run AND n.variable = v.place "
    "AND n.place = d.design / v.stride % v.count",
    "CREATE VIEW found AS SELECT run, design, status, rank, value, energy_pj, "
    "latency_s, edp_pj_s, area_mm2, power_w, temperature_degc, cost_usd, "
    "embodied_kgco2e, wall_w, NULL AS leakage_w FROM designs "
    "WHERE energy_pj IS NOT NULL UNION ALL "
    "SELECT run, design, 'point', NULL, NULL, energy_pj, latency_s, edp_pj_s, "
    "area_mm2, power_w, temperature_degc, cost_usd, embodied_kgco2e, NULL, "
    "leakage_w FROM points"};

#endif
