package tensorlink.node.cli;

import java.io.IOException;
import tensorlink.node.Node;
import tensorlink.node.config.NodeConfig;
import tensorlink.node.http.ApiServer;

/** What makes a command that runs a job itself one that other commands can ask, as a node is. */
final class LocalApi {
    private LocalApi() {}

    /** At a free port: the configured one is for the node that stays. */
    static ApiServer of(NodeConfig config, Node node) throws IOException {
        return ApiServer.start("127.0.0.1", 0, node.home().apiFile(), Up.routes(config, node));
    }
}
