# SPDX-License-Identifier: BSL-1.0
# The pkg-config file names the version and the folder of the headers, wherever the prefix was moved to, and a program
# compiles with what it says.

function(ask result)
    execute_process(
        COMMAND ${CMAKE_COMMAND} -E env PKG_CONFIG_PATH=${PREFIX}/share/pkgconfig ${PKG_CONFIG} ${ARGN} replicator
        OUTPUT_VARIABLE answer OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    set(${result} "${answer}" PARENT_SCOPE)
endfunction()

ask(found_version --modversion)
if(NOT found_version STREQUAL VERSION)
    message(FATAL_ERROR "pkg-config says version ${found_version}, and it is ${VERSION}")
endif()

ask(flags --cflags)
separate_arguments(flags UNIX_COMMAND "${flags}")
execute_process(COMMAND ${COMPILER} -std=c++20 ${flags} ${SOURCE} -o ${PROGRAM} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${PROGRAM} COMMAND_ERROR_IS_FATAL ANY)
