# Holds the includes of src/ and the requires of lua/ and plugin/ against the dependency law:
#   cmake [-DROOT=dir] -P tests/layers.cmake
# A layer is a folder of src/, or a module or folder of lua/askedit/. It may use itself and what its row names. A row is the
# whole law of its layer; a layer without a row is a fault. Beyond the law, no files depend on each other in a circle
# (x.h and x.cpp count as one), and plugin/ requires only inside functions, so that nothing is loaded at start-up.
cmake_minimum_required(VERSION 3.25)

set(law
  "base ->"
  "rpc -> base"
  "net -> base"
  "llm -> base net"
  "providers -> base net llm"
  "host -> base rpc net llm"
  "main -> base rpc net llm providers host"

  "lua.types ->"
  "lua.compat ->"
  "lua.notify ->"
  "lua.commands -> lua.compat lua.notify"
  "lua.services ->"
  "lua.options ->"
  "lua.overlap ->"
  "lua.local_servers -> lua.services lua.compat"
  "lua.config -> lua.options lua.services lua.compat lua.notify"
  "lua.block ->"
  "lua.runs ->"
  "lua.listeners -> lua.runs"
  "lua.context -> lua.block lua.compat lua.notify"
  "lua.host -> lua.compat lua.notify"
  "lua.targets -> lua.compat lua.notify"
  "lua.prompts -> lua.compat lua.notify"
  "lua.review -> lua.block lua.compat lua.notify"
  "lua.transcript -> lua.compat lua.notify"
  "lua.view -> lua.targets lua.listeners lua.overlap lua.runs lua.transcript lua.compat lua.notify"
  "lua.models -> lua.config lua.host lua.listeners lua.runs lua.compat lua.notify"
  "lua.log -> lua.compat lua.notify"
  "lua.question -> lua.config lua.context lua.host lua.listeners lua.models lua.prompts lua.review lua.runs lua.transcript lua.view lua.compat lua.notify"
  "lua.init -> lua.commands lua.config lua.context lua.host lua.log lua.models lua.prompts lua.question lua.review lua.runs lua.view lua.compat lua.notify"
  "lua.health -> lua.local_servers lua.config lua.context lua.host lua.prompts lua.view lua.compat lua.notify"
  "plugin -> lua.init")

if(NOT ROOT)
  set(ROOT ${CMAKE_CURRENT_LIST_DIR}/..)
endif()
get_filename_component(ROOT ${ROOT} ABSOLUTE)

foreach(row IN LISTS law)
  string(REGEX MATCH "^([a-z_.]+) ->(.*)$" _ "${row}")
  set(layer ${CMAKE_MATCH_1})
  separate_arguments(may_use_${layer} UNIX_COMMAND "${CMAKE_MATCH_2}")
  list(APPEND layers ${layer})
endforeach()

set(faults)
set(files)

function(fault place text)
  list(APPEND faults "${place}: ${text}")
  set(faults "${faults}" PARENT_SCOPE)
endfunction()

# Lines of a file as a list; characters that mean something to a CMake list are replaced first.
function(read_lines file result)
  file(READ ${file} text)
  string(REGEX REPLACE "[][;\\\\]" " " text "${text}")
  string(REPLACE "\n" ";" text "${text}")
  set(${result} "${text}" PARENT_SCOPE)
endfunction()

# Notes that `file` (without its ending) uses `target` (the same; may be a file that does not exist), and judges it.
function(use file layer target target_layer place)
  list(APPEND uses_${file} ${target})
  set(uses_${file} "${uses_${file}}" PARENT_SCOPE)
  set(place_${file}_${target} ${place} PARENT_SCOPE)
  if(layer STREQUAL target_layer)
    return()
  elseif(NOT layer IN_LIST layers)
    fault(${place} "${layer} has no row in the law of tests/layers.cmake")
  elseif(NOT target_layer IN_LIST layers)
    fault(${place} "${target_layer} has no row in the law of tests/layers.cmake")
  elseif(NOT target_layer IN_LIST may_use_${layer})
    list(JOIN may_use_${layer} ", " allowed)
    if(NOT allowed)
      set(allowed nothing)
    endif()
    fault(${place} "${layer} uses ${target_layer}, and may only use ${allowed}")
  endif()
  set(faults "${faults}" PARENT_SCOPE)
endfunction()

# C++: folder/name of src/ is the file, folder the layer; src/main.cpp is the layer main.
file(GLOB_RECURSE sources RELATIVE ${ROOT}/src ${ROOT}/src/*.h ${ROOT}/src/*.cpp)
foreach(source IN LISTS sources)
  string(REGEX REPLACE "\\.[a-z]+$" "" file "src/${source}")
  string(REGEX REPLACE "[/.].*$" "" layer "${source}")
  list(APPEND files ${file})
  read_lines(${ROOT}/src/${source} lines)
  set(number 0)
  foreach(line IN LISTS lines)
    math(EXPR number "${number} + 1")
    if(NOT line MATCHES "^[ \t]*#[ \t]*include[ \t]*\"([^\"]*)\"")
      continue()
    endif()
    set(included ${CMAKE_MATCH_1})
    set(place "src/${source}:${number}")
    if(NOT EXISTS ${ROOT}/src/${included} OR NOT included MATCHES "^[a-z_]+/")
      fault(${place} "\"${included}\" is not written as a path below src/")
      continue()
    endif()
    string(REGEX REPLACE "\\.[a-z]+$" "" target "src/${included}")
    string(REGEX REPLACE "/.*$" "" target_layer "${included}")
    use(${file} ${layer} ${target} ${target_layer} ${place})
  endforeach()
endforeach()

# Lua: askedit.a.b is lua/askedit/a/b.lua of layer lua.a; askedit itself is lua.init.
function(use_modules line file layer place)
  string(REGEX REPLACE "--.*$" "" code "${line}")
  if(code MATCHES "(^|[^a-zA-Z_.])require[ \t]*\\([ \t]*[^'\" \t]")
    fault(${place} "the module that is required cannot be read from the line")
  endif()
  string(REGEX MATCHALL "require[ \t(,]*['\"]askedit[a-z_.]*['\"]" requires "${code}")
  foreach(required IN LISTS requires)
    string(REGEX REPLACE "^.*['\"]askedit\\.?([a-z_.]*)['\"]$" "\\1" module "${required}")
    if(NOT module)
      set(module init)
    endif()
    string(REPLACE "." "/" target "lua/askedit/${module}")
    string(REGEX MATCH "^[a-z_]+" target_layer "${module}")
    use(${file} ${layer} ${target} lua.${target_layer} ${place})
    set(uses_${file} "${uses_${file}}" PARENT_SCOPE)
    set(place_${file}_${target} ${place} PARENT_SCOPE)
  endforeach()
  if(layer STREQUAL plugin AND code MATCHES "^[^ \t].*require" AND NOT code MATCHES "function")
    fault(${place} "plugin requires at start-up, and may only inside a function")
  endif()
  set(faults "${faults}" PARENT_SCOPE)
endfunction()

file(GLOB_RECURSE sources RELATIVE ${ROOT} ${ROOT}/lua/*.lua ${ROOT}/plugin/*.lua)
foreach(source IN LISTS sources)
  string(REGEX REPLACE "\\.lua$" "" file "${source}")
  if(source MATCHES "^lua/askedit/([a-z_]+)")
    set(layer lua.${CMAKE_MATCH_1})
  else()
    set(layer plugin)
  endif()
  list(APPEND files ${file})
  read_lines(${ROOT}/${source} lines)
  set(number 0)
  foreach(line IN LISTS lines)
    math(EXPR number "${number} + 1")
    if(line MATCHES require)
      use_modules("${line}" ${file} ${layer} "${source}:${number}")
    endif()
  endforeach()
endforeach()

if(NOT files)
  message(FATAL_ERROR "layers: nothing to read below ${ROOT}")
endif()

# Circles: take away the files that use nothing which is left, and those that nothing left uses, again and again.
list(REMOVE_DUPLICATES files)
set(left ${files})
set(before none)
while(NOT "${left}" STREQUAL "${before}")
  set(before ${left})
  set(users)
  set(used)
  foreach(file IN LISTS left)
    foreach(target IN LISTS uses_${file})
      if(NOT target STREQUAL file AND target IN_LIST left)
        list(APPEND users ${file})
        list(APPEND used ${target})
      endif()
    endforeach()
  endforeach()
  foreach(file IN LISTS before)
    if(NOT file IN_LIST users OR NOT file IN_LIST used)
      list(REMOVE_ITEM left ${file})
    endif()
  endforeach()
endwhile()
foreach(file IN LISTS left)
  foreach(target IN LISTS uses_${file})
    if(NOT target STREQUAL file AND target IN_LIST left)
      fault(${place_${file}_${target}} "part of a circle: ${file} uses ${target}")
    endif()
  endforeach()
endforeach()

foreach(fault IN LISTS faults)
  message("${fault}")
endforeach()
list(LENGTH files count)
if(faults)
  list(LENGTH faults count)
  message(FATAL_ERROR "layers: ${count} breaches of the dependency law")
endif()
message("layers: ${count} files keep the dependency law")
