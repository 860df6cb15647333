# Have the stubs of all protos below a folder made when they are needed, and be part of a target.
#
# The protobuf_generate of FindProtobuf puts stubs in the right place only for protos that lie below this folder.
function(add_stubs target folder)
  set(stubs ${PROJECT_BINARY_DIR}/stubs)
  file(MAKE_DIRECTORY ${stubs})
  file(GLOB_RECURSE protos CONFIGURE_DEPENDS RELATIVE ${folder} ${folder}/*.proto)
  foreach(proto IN LISTS protos)
    cmake_path(REMOVE_EXTENSION proto OUTPUT_VARIABLE stem)
    set(sources ${stubs}/${stem}.pb.cc ${stubs}/${stem}.grpc.pb.cc)
    add_custom_command(
      OUTPUT ${sources} ${stubs}/${stem}.pb.h ${stubs}/${stem}.grpc.pb.h
      COMMAND
        protobuf::protoc --proto_path=${folder} --cpp_out=${stubs} --grpc_out=${stubs}
        --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin> ${proto}
      DEPENDS ${folder}/${proto}
      COMMENT "Making the stubs of ${proto}"
      VERBATIM)
    target_sources(${target} PRIVATE ${sources})
  endforeach()
  target_include_directories(${target} SYSTEM PUBLIC ${stubs})
endfunction()
