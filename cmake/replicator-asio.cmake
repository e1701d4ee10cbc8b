# SPDX-License-Identifier: BSL-1.0
# Finds standalone Asio and defines replicator::asio on top of replicator::replicator. Where there is no Asio, the target
# is not defined and replicator_asio_missing says what to do. The source tree and the installed package share this file.
#
# In this order: a target asio::asio that the project already has; a package configuration, as vcpkg and Conan generate;
# the header itself, which is all that Debian installs. REPLICATOR_ASIO_INCLUDE_DIR names its folder where it is not found.

set(replicator_asio_version_min 1.22)
set(replicator_asio_missing
    "Standalone Asio ${replicator_asio_version_min} or newer was not found. Debian and Ubuntu: apt-get install libasio-dev; \
vcpkg and Conan: the package asio; elsewhere: set REPLICATOR_ASIO_INCLUDE_DIR to the folder that holds asio.hpp.")

# Reads the version from the headers in `folder` into `result`: empty when there are none.
function(replicator_asio_version folder result)
    set(${result} "" PARENT_SCOPE)
    if(NOT EXISTS "${folder}/asio/version.hpp")
        return()
    endif()
    file(STRINGS "${folder}/asio/version.hpp" line REGEX "define ASIO_VERSION [0-9]+")
    if(line MATCHES "ASIO_VERSION ([0-9]+)")
        math(EXPR major "${CMAKE_MATCH_1} / 100000")
        math(EXPR minor "${CMAKE_MATCH_1} / 100 % 1000")
        math(EXPR patch "${CMAKE_MATCH_1} % 100")
        set(${result} "${major}.${minor}.${patch}" PARENT_SCOPE)
    endif()
endfunction()

if(NOT TARGET replicator::asio)
    if(NOT TARGET asio::asio)
        find_package(asio CONFIG QUIET GLOBAL)
    endif()
    if(NOT TARGET asio::asio)
        find_path(REPLICATOR_ASIO_INCLUDE_DIR asio.hpp DOC "The folder that holds asio.hpp")
        mark_as_advanced(REPLICATOR_ASIO_INCLUDE_DIR)
        replicator_asio_version("${REPLICATOR_ASIO_INCLUDE_DIR}" replicator_asio_version_found)
        if(replicator_asio_version_found AND replicator_asio_version_found VERSION_LESS replicator_asio_version_min)
            string(PREPEND replicator_asio_missing
                "Asio ${replicator_asio_version_found} in ${REPLICATOR_ASIO_INCLUDE_DIR} is too old. ")
            set(replicator_asio_version_found "")
        endif()
    endif()

    if(TARGET asio::asio OR replicator_asio_version_found)
        # Asio starts a thread of its own for names and timers, hence Threads. It is part of the interface only here.
        find_package(Threads QUIET REQUIRED GLOBAL)
        add_library(replicator::asio INTERFACE IMPORTED GLOBAL)
        target_link_libraries(replicator::asio INTERFACE replicator::replicator Threads::Threads)
        if(TARGET asio::asio)
            target_link_libraries(replicator::asio INTERFACE asio::asio)
        else()
            target_include_directories(replicator::asio SYSTEM INTERFACE "${REPLICATOR_ASIO_INCLUDE_DIR}")
        endif()
    endif()
endif()
