'use strict';

/**
 * Loaded before a program on a machine that qemu emulates. The kernel cannot
 * start that machine's Node, so children are started by the launcher that
 * started this one.
 */
process.execPath = process.env.WS_RS_LAUNCHER;
