# SPDX-License-Identifier: BSL-1.0
include(CMakeFindDependencyMacro)
find_dependency(replicator CONFIG)
include("${CMAKE_CURRENT_LIST_DIR}/game-targets.cmake")
