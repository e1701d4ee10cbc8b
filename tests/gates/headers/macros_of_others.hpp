// SPDX-License-Identifier: BSL-1.0
// Macros with which X11, Windows and Arduino meet a program that includes them first. Our headers come behind them.
#pragma once

// X11/X.h, X11/Xlib.h
#define Above 0
#define Always 2
#define Below 1
#define Bool int
#define Complex 0
#define False 0
#define None 0L
#define Status int
#define Success 0
#define True 1
#define Unsorted 0

// windows.h
#define DELETE (0x00010000L)
#define ERROR 0
#define IN
#define OPTIONAL
#define OUT
#define far
#define interface struct
#define max(a, b) (((a) > (b)) ? (a) : (b))
#define min(a, b) (((a) < (b)) ? (a) : (b))
#define near
#define small char

// Arduino.h
#define HIGH 0x1
#define INPUT 0x0
#define LOW 0x0
#define OUTPUT 0x1
#define abs(x) ((x) > 0 ? (x) : -(x))
#define bit(b) (1UL << (b))
#define round(x) ((x) >= 0 ? (long)((x) + 0.5) : (long)((x)-0.5))
