# SPDX-License-Identifier: MIT
# What is installed of libnettune: the library with its reader of profiles, both headers, and what
# pkg-config and find_package(nettune) look for.
include(CMakePackageConfigHelpers)
set(nettune_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/nettune)

install(TARGETS nettune EXPORT nettuneTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        COMPONENT libnettune NAMELINK_COMPONENT libnettune)
install(TARGETS nettune_profiles LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/nettune
        COMPONENT libnettune-profiles)
install(DIRECTORY ${CMAKE_CURRENT_LIST_DIR}/include/nettune
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT libnettune)

configure_file(${CMAKE_CURRENT_LIST_DIR}/nettune.pc.in nettune.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/nettune.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
        COMPONENT libnettune)

# Before 1.0 a minor version may change what is compiled against it.
write_basic_package_version_file(nettuneConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/nettuneConfig.cmake
              ${PROJECT_BINARY_DIR}/nettuneConfigVersion.cmake
        DESTINATION ${nettune_package_dir} COMPONENT libnettune)
install(EXPORT nettuneTargets NAMESPACE nettune:: DESTINATION ${nettune_package_dir} COMPONENT libnettune)

# Debian's place for modules that belong to no single version of Python.
set(NETTUNE_PYTHON_DIR lib/python3/dist-packages CACHE STRING "Where the Python module goes")
install(DIRECTORY ${CMAKE_CURRENT_LIST_DIR}/python/nettune DESTINATION ${NETTUNE_PYTHON_DIR}
        COMPONENT python3-nettune FILES_MATCHING PATTERN "*.py" PATTERN "py.typed"
        PATTERN __pycache__ EXCLUDE)
