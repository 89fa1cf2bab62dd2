#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs inside the emulated POWER9 host: the switch of the kernel's interrupt controller.
exec /tests/xive-switch 5 kvm
