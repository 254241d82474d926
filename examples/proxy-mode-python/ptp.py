"""A network mode in Python: gives each pod a veth pair of its own and routes its addresses to it.

    python3 -m grpc_tools.protoc -I PROTO --python_out=. --grpc_python_out=. $(cd PROTO && find hawser -name '*.proto')
    python3 ptp.py /run/ptp.sock

PROTO is the folder `proto` of the package @hawser/plugin-proxy.
"""

import os
import signal
import subprocess
import sys
import threading
from concurrent import futures

import grpc
from google.protobuf import any_pb2
from google.protobuf.json_format import MessageToDict
from google.rpc import status_pb2
from grpc_health.v1 import health, health_pb2_grpc
from grpc_status import rpc_status

from hawser.mode.v1 import mode_pb2, mode_pb2_grpc
from hawser.network.v1 import network_pb2
from hawser.plugin.v1 import plugin_pb2, plugin_pb2_grpc

INVALID, FAILED, NOT_FOUND = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.NOT_FOUND


def fail(context, status, code, message, remedy):
    """Ends a call with an error as the agent shows it."""
    detail = any_pb2.Any()
    detail.Pack(plugin_pb2.Failure(code=code, message=message, remedy=remedy))
    context.abort_with_status(rpc_status.to_status(status_pb2.Status(code=status.value[0], message=message, details=[detail])))


def ip(*words, inside=None):
    """Runs iproute2, in a pod's namespace where one is named."""
    enter = ["nsenter", f"--net={inside}"] if inside else []
    done = subprocess.run([*enter, "ip", *words], capture_output=True, text=True, timeout=10)
    if done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


class Plugin(plugin_pb2_grpc.PluginServicer):
    """Says who this is."""

    def __init__(self, mode):
        self.mode = mode

    def Handshake(self, request, context):
        mtu = MessageToDict(request.config).get("mtu", 1500)
        if not isinstance(mtu, (int, float)) or not 68 <= mtu <= 65535:
            fail(context, INVALID, "ptp.invalid_mtu", f"mtu is {mtu}", "Set mtu under [proxy_plugins.ptp.config] to 68 to 65535.")
        self.mode.mtu = int(mtu)
        return plugin_pb2.HandshakeResponse(api_version=1, name="ptp", version="1.0.0", contracts=["hawser.mode.v1"])


class Ptp(mode_pb2_grpc.ModeServicer):
    """Everything that it makes it finds again by the attachment's id alone."""

    mtu = 1500

    def __init__(self):
        # A call that was cancelled may still be at work when the next one of the same attachment comes. Attachments share
        # these: one lock for each would be kept for ever.
        self.turns = [threading.Lock() for _ in range(64)]

    def turn(self, pod):
        return self.turns[hash((pod.container_id, pod.ifname)) % len(self.turns)]

    def Settings(self, request, context):
        own = MessageToDict(request.request.network.settings)
        response = mode_pb2.SettingsResponse()
        response.settings.update({"mtu": own.get("mtu", self.mtu)})
        return response

    def Claims(self, request, context):
        return mode_pb2.ClaimsResponse(needs=[mode_pb2.Need(addresses_from="range")])

    def Attach(self, request, context):
        pod = request.attachment
        if not os.path.exists(pod.netns):
            fail(context, NOT_FOUND, "host.namespace_gone", f"nothing is at {pod.netns}", "Check the path; the container may have ended.")
        with self.turn(pod):
            if not context.is_active():  # given up while it waited for its turn: its Detach may have had one before it
                context.abort(grpc.StatusCode.CANCELLED, "the agent has given this call up")
            try:
                return mode_pb2.AttachResponse(result=self.attach(pod))
            except RuntimeError as error:
                fail(context, FAILED, "ptp.iproute2", str(error), "Look at the links of this node.")

    def attach(self, pod):
        port, mtu = port_of(pod), str(int(pod.settings["mtu"]))
        remove(port)  # what a crash may have left half made
        ip("link", "add", port, "mtu", mtu, "type", "veth", "peer", "name", pod.ifname, "mtu", mtu, "netns", pod.netns)
        ip("link", "set", port, "up")
        ip("link", "set", pod.ifname, "up", inside=pod.netns)
        result = network_pb2.AttachmentResult()
        mac = ip("-o", "link", "show", "dev", pod.ifname, inside=pod.netns).split("link/ether ")[1].split()[0]
        result.interfaces.add(name=pod.ifname, mac=mac, mtu=int(mtu), sandbox=pod.netns)
        for claim in pod.claims:
            gateway, key = claim.data["gateway"], claim.key
            once = ["nodad"] if ":" in key else []
            ip("address", "add", gateway, "dev", port, *once)
            ip("route", "replace", key, "dev", port)
            ip("address", "add", claim.data["address"], "dev", pod.ifname, *once, inside=pod.netns)
            result.ips.add(address=claim.data["address"], gateway=gateway, interface=0)
        return result

    def Check(self, request, context):
        pod = request.attachment
        with self.turn(pod):
            try:
                shown = ip("-o", "address", "show", "dev", pod.ifname, inside=pod.netns)
                ip("link", "show", "dev", port_of(pod), "up")
            except RuntimeError as error:
                shown = str(error)
        lost = [claim.key for claim in pod.claims if claim.data["address"] not in shown]
        if lost:
            remedy = "Recreate the pod."
            fail(context, FAILED, "network.check_failed", f"{pod.ifname} of {pod.container_id} has lost {', '.join(lost)}", remedy)
        return mode_pb2.CheckResponse()

    def Detach(self, request, context):
        pod = request.attachment
        with self.turn(pod):
            remove(port_of(pod))
        yield mode_pb2.DetachResponse(settled=True)


def port_of(pod):
    return f"py{pod.id[-12:].lower()}"


def remove(port):
    try:
        ip("link", "delete", port)
    except RuntimeError as error:
        if "Cannot find device" not in str(error):
            raise


def serve(socket):
    if os.path.exists(socket):
        os.unlink(socket)
    mode = Ptp()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
    plugin_pb2_grpc.add_PluginServicer_to_server(Plugin(mode), server)
    mode_pb2_grpc.add_ModeServicer_to_server(mode, server)
    health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
    os.umask(0o177)  # from the first moment the socket is only for who may attach pods
    server.add_insecure_port(f"unix://{socket}")
    server.start()
    print("serving", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: server.stop(grace=5))
    server.wait_for_termination()


if __name__ == "__main__":
    serve(sys.argv[1])
