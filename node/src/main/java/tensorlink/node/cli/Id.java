package tensorlink.node.cli;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import tensorlink.node.Node;

/** Prints who this node is. */
@Command(
        name = "id",
        description = "Print this node's peer id and account, making them if there are none.",
        mixinStandardHelpOptions = true)
final class Id implements Callable<Integer> {
    @Mixin private NodeFlags flags = new NodeFlags();
    @Mixin private Output output = new Output();

    @Override
    public Integer call() throws IOException {
        var names = Node.names(flags.home());
        output.say("peer     " + names.peer());
        output.say("account  " + names.account());
        output.say("kept in  " + flags.home().folder());
        var facts = new LinkedHashMap<String, String>();
        facts.put("peer", names.peer().toString());
        facts.put("account", names.account().toString());
        facts.put("home", flags.home().folder().toString());
        output.tell(facts);
        return ExitCode.DONE.status();
    }
}
