package tensorlink.node.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import tensorlink.node.Doctor;
import tensorlink.node.Reachability.Finding;
import tensorlink.node.config.ConfigException;
import tensorlink.node.config.NodeConfig;
import tensorlink.p2p.core.Scheduler;

/** Says what would keep a node from running here. */
@Command(
        name = "doctor",
        description = "Check machine, home, network and bootstrap peers; status 10 for a problem.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        footerHeading = "%nExample:%n",
        footer = "  tensorlink doctor --home /srv/tensorlink -o json")
final class DoctorCommand implements Callable<Integer> {
    @Mixin private NodeFlags flags = new NodeFlags();
    @Mixin private Output output = new Output();

    @Override
    public Integer call() throws InterruptedException {
        var findings = new ArrayList<Finding>();
        try {
            examine(flags.config(Map.of()), findings);
        } catch (ConfigException wrong) {
            findings.add(Doctor.unreadable("configuration", wrong));
        } catch (IOException wrong) {
            findings.add(Doctor.unreadable("network", wrong));
        }
        return tell(output, findings);
    }

    private void examine(NodeConfig config, List<Finding> findings)
            throws IOException, InterruptedException {
        var doctor = new Doctor(flags.home(), Scheduler.system());
        findings.addAll(doctor.machine(config.listen()));
        findings.addAll(doctor.network(flags.network(config)));
        askTheNode(findings);
    }

    /** What the node that runs from this home has found out, if one does. */
    private void askTheNode(List<Finding> findings) throws IOException, InterruptedException {
        try {
            var status = new NodeClient(flags.home()).get("/api/v1/status");
            findings.add(new Finding("reach", true, StandingText.sentence(status), ""));
        } catch (NotRunningException none) {
            // Nobody has found out anything.
        }
    }

    private static int tell(Output output, List<Finding> findings) {
        int problems = 0;
        var told = new ArrayList<Map<String, Object>>();
        for (var finding : findings) {
            problems += finding.isGood() ? 0 : 1;
            output.say(
                    (finding.isGood() ? " ok  " : " !!  ")
                            + finding.subject()
                            + ": "
                            + finding.sentence());
            if (!finding.advice().isEmpty()) {
                output.say("     try: " + finding.advice());
            }
            var facts = new LinkedHashMap<String, Object>();
            facts.put("subject", finding.subject());
            facts.put("isGood", finding.isGood());
            facts.put("sentence", finding.sentence());
            facts.put("advice", finding.advice());
            told.add(facts);
        }
        output.say(problems == 0 ? "No problem found." : problems + " problems.");
        output.tell(Map.of("findings", told, "problems", problems));
        return (problems == 0 ? ExitCode.DONE : ExitCode.CHECK_FAILED).status();
    }
}
