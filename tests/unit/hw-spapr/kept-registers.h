/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers that a guest must find again where it arrives, stated once more than in the code
 * under test: on the model each comes back as it was set, on KVM as it was read.
 */
#ifndef TESTS_UNIT_HW_SPAPR_KEPT_REGISTERS_H
#define TESTS_UNIT_HW_SPAPR_KEPT_REGISTERS_H

#include "vdev/kvm-ppc.h"

/* What a vCPU of KVM-HV keeps for its guest; ranges of ids. LPCR and PVR are KVM's in part. */
static const struct {
    guint64 first;
    guint n;
} kept_registers[] = {
    {VDEV_REG_GPR(0), 44},     {VDEV_REG_VSR(0), 32}, {VDEV_REG_VR(0), 32}, {VDEV_REG_DABR, 1},
    {VDEV_REG_DSCR, 1},        {VDEV_REG_PURR, 1},    {VDEV_REG_SPURR, 1},  {VDEV_REG_DAR, 1},
    {VDEV_REG_DSISR, 1},       {VDEV_REG_AMR, 1},     {VDEV_REG_UAMOR, 1},  {VDEV_REG_MMCR0, 1},
    {VDEV_REG_MMCR1, 1},       {VDEV_REG_MMCRA, 1},   {VDEV_REG_MMCR2, 1},  {VDEV_REG_MMCRS, 1},
    {VDEV_REG_SIAR, 1},        {VDEV_REG_SDAR, 1},    {VDEV_REG_SIER, 1},   {VDEV_REG_PMC(1), 6},
    {VDEV_REG_FPSCR, 1},       {VDEV_REG_VSCR, 1},    {VDEV_REG_SPMC1, 1},  {VDEV_REG_SPMC2, 1},
    {VDEV_REG_IAMR, 1},        {VDEV_REG_FSCR, 1},    {VDEV_REG_PSPB, 1},   {VDEV_REG_EBBHR, 1},
    {VDEV_REG_EBBRR, 1},       {VDEV_REG_BESCR, 1},   {VDEV_REG_TAR, 1},    {VDEV_REG_DPDES, 1},
    {VDEV_REG_DAWR, 1},        {VDEV_REG_DAWRX, 1},   {VDEV_REG_CIABR, 1},  {VDEV_REG_IC, 1},
    {VDEV_REG_VTB, 1},         {VDEV_REG_CSIGR, 1},   {VDEV_REG_TACR, 1},   {VDEV_REG_TCSCR, 1},
    {VDEV_REG_PID, 1},         {VDEV_REG_ACOP, 1},    {VDEV_REG_VRSAVE, 1}, {VDEV_REG_PPR, 1},
    {VDEV_REG_ARCH_COMPAT, 1}, {VDEV_REG_DABRX, 1},   {VDEV_REG_WORT, 1},   {VDEV_REG_TIDR, 1},
    {VDEV_REG_PSSCR, 1},       {VDEV_REG_PTCR, 1},    {VDEV_REG_MMCR3, 1},  {VDEV_REG_SIER2, 1},
    {VDEV_REG_SIER3, 1},       {VDEV_REG_DAWR1, 1},   {VDEV_REG_DAWRX1, 1},
};

/* A value of its own for each. Bits 33 and 34 of MSR would be a transaction. */
static inline void
kept_value(guint64 reg, guint vcpu, guint64 value[2])
{
    const guint32 own = (guint32)(reg * 0x9e3779b1u) ^ (vcpu + 1) << 5;

    value[0] = reg == VDEV_REG_MSR ? own : (guint64)own << 32 | own;
    value[1] = ~value[0];
    if (reg == VDEV_REG_CR)
        value[0] = own;
}

#endif
