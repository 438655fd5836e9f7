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
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink id --home /srv/tensorlink -o json")
final class Id implements Callable<Integer> {
    @Mixin private HomeFlag flag = new HomeFlag();
    @Mixin private Output output = new Output();

    @Override
    public Integer call() throws IOException {
        var home = flag.home();
        var names = Node.names(home);
        output.say("peer     " + names.peer());
        output.say("account  " + names.account());
        output.say("kept in  " + home.folder());
        var facts = new LinkedHashMap<String, String>();
        facts.put("peer", names.peer().toString());
        facts.put("account", names.account().toString());
        facts.put("home", home.folder().toString());
        output.tell(facts);
        return ExitCode.DONE.status();
    }
}
