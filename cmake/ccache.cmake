# SPDX-License-Identifier: BSL-1.0
# Compiles through ccache where it is installed, unless the caller chose a launcher.

find_program(REPLICATOR_CCACHE ccache DOC "The compiler cache; empty for none")
mark_as_advanced(REPLICATOR_CCACHE)
if(REPLICATOR_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${REPLICATOR_CCACHE})
endif()
