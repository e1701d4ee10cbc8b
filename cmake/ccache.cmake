# SPDX-License-Identifier: BSL-1.0
# Compiles through ccache where it is installed, unless the caller chose a launcher.

find_program(REPLICATOR_CCACHE ccache DOC "The compiler cache; empty for none")
mark_as_advanced(REPLICATOR_CCACHE)
if(REPLICATOR_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
    # Without this, ccache refuses every file that uses a precompiled header.
    set(CMAKE_CXX_COMPILER_LAUNCHER
        ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
        ${REPLICATOR_CCACHE})
endif()
