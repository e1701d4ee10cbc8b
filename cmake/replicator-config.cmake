# SPDX-License-Identifier: BSL-1.0
# The installed package. It always has replicator::replicator; the component asio asks for replicator::asio as well.

include("${CMAKE_CURRENT_LIST_DIR}/replicator-targets.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/replicator-asio.cmake")

set(replicator_core_FOUND TRUE)
if(TARGET replicator::asio)
    set(replicator_asio_FOUND TRUE)
endif()

foreach(component IN LISTS replicator_FIND_COMPONENTS)
    if(replicator_FIND_REQUIRED_${component} AND NOT replicator_${component}_FOUND)
        set(replicator_FOUND FALSE)
        if(component STREQUAL "asio")
            set(replicator_NOT_FOUND_MESSAGE "${replicator_asio_missing}")
        else()
            set(replicator_NOT_FOUND_MESSAGE "replicator has no component ${component}; it has core and asio.")
        endif()
    endif()
endforeach()
