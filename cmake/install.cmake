# SPDX-License-Identifier: BSL-1.0
# Installs the headers, a CMake package and a pkg-config file, all in folders that do not depend on the processor.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(replicator_package_dir ${CMAKE_INSTALL_DATADIR}/cmake/replicator)

install(TARGETS replicator EXPORT replicator-targets FILE_SET HEADERS)
install(EXPORT replicator-targets NAMESPACE replicator:: DESTINATION ${replicator_package_dir})
# A library on top that exports its build tree refers to ours.
export(EXPORT replicator-targets NAMESPACE replicator:: FILE ${PROJECT_BINARY_DIR}/package/replicator-targets.cmake)
configure_file(cmake/replicator-config.cmake ${PROJECT_BINARY_DIR}/package/replicator-config.cmake COPYONLY)
configure_file(cmake/replicator-asio.cmake ${PROJECT_BINARY_DIR}/package/replicator-asio.cmake COPYONLY)

# While the first number is 0, the second one changes whenever something breaks.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/replicator-config-version.cmake
    VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES
    ${PROJECT_SOURCE_DIR}/cmake/replicator-config.cmake
    ${PROJECT_SOURCE_DIR}/cmake/replicator-asio.cmake
    ${PROJECT_BINARY_DIR}/replicator-config-version.cmake
    DESTINATION ${replicator_package_dir})

configure_file(${PROJECT_SOURCE_DIR}/cmake/replicator.pc.in ${PROJECT_BINARY_DIR}/replicator.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/replicator.pc DESTINATION ${CMAKE_INSTALL_DATADIR}/pkgconfig)

install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
