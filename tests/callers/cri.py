"""One call of a container runtime by a kubelet's interface: `cri.py DESCRIPTORS SOCKET METHOD JSON`.

Prints the answer as JSON, with fields that have their default too. An error of the other side is its code and words, on
stderr, and 1.
"""

import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

descriptors, socket, method, request = sys.argv[1:]
pool = descriptor_pool.DescriptorPool()
with open(descriptors, "rb") as file:
    for part in descriptor_pb2.FileDescriptorSet.FromString(file.read()).file:
        pool.Add(part)
call = pool.FindServiceByName("runtime.v1.RuntimeService").FindMethodByName(method)
ask, answer = (message_factory.MessageFactory(pool).GetPrototype(kind) for kind in (call.input_type, call.output_type))
with grpc.insecure_channel(f"unix://{socket}") as channel:
    stub = channel.unary_unary(
        f"/runtime.v1.RuntimeService/{method}", ask.SerializeToString, answer.FromString
    )
    try:
        said = stub(json_format.Parse(request, ask()), timeout=60)
    except grpc.RpcError as error:
        sys.exit(f"{error.code().name}: {error.details()}")
print(json_format.MessageToJson(said, including_default_value_fields=True, preserving_proto_field_name=True))
