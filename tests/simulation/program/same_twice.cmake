# SPDX-License-Identifier: BSL-1.0
# Runs 200 seeds twice. Everything that a simulation does follows from its seed, so both runs print the same number.

foreach(run IN ITEMS first second)
    execute_process(COMMAND ${simulate} --seeds 200 --quiet OUTPUT_VARIABLE output RESULT_VARIABLE status)
    if(NOT status EQUAL 0)
        message(FATAL_ERROR "the simulation failed:\n${output}")
    endif()
    string(REGEX MATCH "trace [0-9a-f]+" ${run} "${output}")
endforeach()
if(NOT first OR NOT first STREQUAL second)
    message(FATAL_ERROR "the same seeds gave '${first}' and then '${second}'")
endif()
message(STATUS "${first}")
