package tensorlink.testnet;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.properties.HasName;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The module table, the import confinement and the naming rules of docs/design.md. */
@AnalyzeClasses(
        packages = "tensorlink",
        importOptions = {
            ImportOption.DoNotIncludeTests.class,
            ArchitectureTest.DoNotIncludeGenerated.class
        })
class ArchitectureTest {
    /** What JMH writes around its benchmarks. */
    static final class DoNotIncludeGenerated implements ImportOption {
        @Override
        public boolean includes(Location location) {
            return !location.contains("/jmh_generated/");
        }
    }

    /** An import that silently finds nothing would pass every rule below. */
    private static final int CLASS_COUNT_FLOOR = 7;

    /** Which modules each module may use, besides itself. */
    private static final Map<String, Set<String>> MAY_USE =
            Map.of(
                    "p2p", Set.of(),
                    "dht", Set.of("p2p"),
                    "compute", Set.of(),
                    "ledger", Set.of("p2p.peer"),
                    "jobs", Set.of("p2p", "dht", "compute", "ledger"),
                    "node", Set.of("p2p", "dht", "compute", "ledger", "jobs"),
                    "testnet", Set.of("p2p", "dht", "compute", "ledger", "jobs", "node"));

    /** What a module shows to the others; the rest is its own business. */
    private static final List<String> EXPORTED =
            List.of(
                    "tensorlink.p2p",
                    "tensorlink.p2p.multiaddr",
                    "tensorlink.p2p.multiformats",
                    "tensorlink.p2p.peer",
                    "tensorlink.p2p.core",
                    "tensorlink.p2p.gossip",
                    "tensorlink.p2p.mdns",
                    "tensorlink.p2p.relay",
                    "tensorlink.p2p.autonat",
                    "tensorlink.p2p.metrics",
                    "tensorlink.dht",
                    "tensorlink.compute",
                    "tensorlink.compute.tensor",
                    "tensorlink.compute.format",
                    "tensorlink.compute.graph",
                    "tensorlink.compute.onnx",
                    "tensorlink.compute.family",
                    "tensorlink.compute.optim",
                    "tensorlink.compute.schedule",
                    "tensorlink.compute.tokenizer",
                    "tensorlink.compute.cuda",
                    "tensorlink.compute.torch",
                    "tensorlink.compute.child",
                    "tensorlink.compute.parity",
                    "tensorlink.ledger",
                    "tensorlink.ledger.evm",
                    "tensorlink.ledger.file",
                    "tensorlink.ledger.smartnodes",
                    "tensorlink.jobs",
                    "tensorlink.jobs.job",
                    "tensorlink.jobs.market",
                    "tensorlink.jobs.message",
                    "tensorlink.jobs.party",
                    "tensorlink.jobs.exchange",
                    "tensorlink.jobs.weights",
                    "tensorlink.jobs.user",
                    "tensorlink.jobs.data",
                    "tensorlink.jobs.djl",
                    "tensorlink.jobs.training",
                    "tensorlink.jobs.worker",
                    "tensorlink.jobs.validator",
                    "tensorlink.node",
                    "tensorlink.node.cli",
                    "tensorlink.node.network");

    @ArchTest
    void imports_as_many_classes_as_there_are(JavaClasses classes) {
        assertThat(classes.size()).isGreaterThanOrEqualTo(CLASS_COUNT_FLOOR);
    }

    @TestFactory
    List<DynamicTest> modules_use_only_what_the_table_allows() {
        var classes =
                new ClassFileImporter()
                        .withImportOption(new ImportOption.DoNotIncludeTests())
                        .importPackages("tensorlink");
        return MAY_USE.entrySet().stream()
                .map(row ->
                        DynamicTest.dynamicTest(
                                row.getKey(), () -> check(row.getKey(), row.getValue(), classes)))
                .toList();
    }

    private static void check(String module, Set<String> mayUse, JavaClasses classes) {
        var reach = new TreeSet<String>();
        reach.add("tensorlink." + module + "..");
        for (var used : mayUse) {
            reach.add("tensorlink." + used + "..");
        }
        var allowed = resideInAnyPackage(reach.toArray(new String[0]));
        noClasses()
                .that()
                .resideInAPackage("tensorlink." + module + "..")
                .should()
                .dependOnClassesThat(resideInAPackage("tensorlink..").and(not(allowed)))
                .check(classes);
    }

    @ArchTest
    static final ArchRule modules_see_only_exported_packages_of_each_other =
            classes()
                    .that()
                    .resideInAPackage("tensorlink..")
                    .should(
                            new ArchCondition<>("use other modules by their exported packages") {
                                @Override
                                public void check(JavaClass origin, ConditionEvents events) {
                                    for (var use : origin.getDirectDependenciesFromSelf()) {
                                        var target = use.getTargetClass();
                                        var name = target.getPackageName();
                                        if (name.startsWith("tensorlink.")
                                                && !module(name)
                                                        .equals(module(origin.getPackageName()))
                                                && !EXPORTED.contains(name)) {
                                            events.add(
                                                    SimpleConditionEvent.violated(
                                                            origin, use.getDescription()));
                                        }
                                    }
                                }
                            });

    private static String module(String packageName) {
        var parts = packageName.split("\\.", 3);
        return parts.length < 2 ? "" : parts[1];
    }

    @ArchTest
    static final ArchRule packages_have_no_cycles =
            slices().matching("tensorlink.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule only_p2p_imports_netty_and_what_it_is_measured_against =
            confine("io.netty..", "tensorlink.p2p..", "tensorlink.testnet.bench.bare..");

    @ArchTest
    static final ArchRule only_the_tokenizer_package_imports_djl_tokenizers =
            confine("ai.djl.huggingface..", "tensorlink.compute.tokenizer..");

    @ArchTest
    static final ArchRule only_compute_torch_and_the_adapter_import_the_rest_of_djl =
            noClasses()
                    .that()
                    .resideOutsideOfPackages("tensorlink.compute.torch..", "tensorlink.jobs.djl..")
                    .should()
                    .dependOnClassesThat(
                            resideInAPackage("ai.djl..")
                                    .and(
                                            describe(
                                                    "are not tokenizers",
                                                    target ->
                                                            !target.getPackageName()
                                                                    .startsWith(
                                                                            "ai.djl.huggingface"))));

    /** What puts an array somewhere, or takes for granted where it is. */
    private static final Set<String> OF_A_PLACE =
            Set.of(
                    "create",
                    "zeros",
                    "ones",
                    "full",
                    "eye",
                    "arange",
                    "linspace",
                    "randomUniform",
                    "randomNormal",
                    "randomInteger",
                    "toByteBuffer",
                    "toDevice",
                    "toFloatArray",
                    "toLongArray",
                    "toArray",
                    "duplicate",
                    "cpu",
                    "gpu",
                    "fromName");

    @ArchTest
    static final ArchRule only_native_arrays_knows_where_arrays_are =
            noClasses()
                    .that()
                    .resideInAPackage("tensorlink.compute.torch..")
                    .and()
                    .doNotHaveSimpleName("NativeArrays")
                    .and()
                    .doNotHaveSimpleName("Reach")
                    .should()
                    .callMethodWhere(
                            DescribedPredicate.<JavaMethodCall>describe(
                                    "puts an array somewhere",
                                    call ->
                                            OF_A_PLACE.contains(call.getTarget().getName())
                                                    && call.getTargetOwner()
                                                            .getPackageName()
                                                            .startsWith("ai.djl")));

    @ArchTest
    static final ArchRule only_ledger_evm_imports_web3j =
            confine("org.web3j..", "tensorlink.ledger.evm..");

    private static ArchRule confine(String library, String... homes) {
        return noClasses()
                .that()
                .resideOutsideOfPackages(homes)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(library);
    }

    @ArchTest
    static final ArchRule generated_messages_stay_inside_their_module =
            noMethods()
                    .that()
                    .arePublic()
                    .and()
                    .areDeclaredInClassesThat(
                            resideInAPackage("tensorlink..")
                                    .and(
                                            describe(
                                                    "are public and not generated",
                                                    type ->
                                                            type.getModifiers()
                                                                            .contains(
                                                                                    JavaModifier
                                                                                            .PUBLIC)
                                                                    && !type.getPackageName()
                                                                            .endsWith(".wire"))))
                    .should(
                            new ArchCondition<>("mention a generated message") {
                                @Override
                                public void check(JavaMethod method, ConditionEvents events) {
                                    boolean mentions =
                                            method.getRawReturnType()
                                                            .getPackageName()
                                                            .endsWith(".wire")
                                                    || method.getRawParameterTypes().stream()
                                                            .anyMatch(type ->
                                                                    type.getPackageName()
                                                                            .endsWith(".wire"));
                                    events.add(
                                            new SimpleConditionEvent(
                                                    method, mentions, method.getDescription()));
                                }
                            })
                    .allowEmptyShould(true);

    @ArchTest
    static final ArchRule names_say_what_a_class_is =
            noClasses()
                    .that()
                    .resideOutsideOfPackage("..wire..")
                    .should()
                    .haveSimpleNameEndingWith("Manager")
                    .orShould()
                    .haveSimpleNameEndingWith("Helper")
                    .orShould()
                    .haveSimpleNameEndingWith("Util")
                    .orShould()
                    .haveSimpleNameEndingWith("Utils")
                    .orShould()
                    .haveSimpleNameEndingWith("Impl")
                    .orShould()
                    .haveSimpleNameStartingWith("Abstract")
                    .orShould()
                    .haveSimpleNameStartingWith("Base");

    @ArchTest
    static final ArchRule every_package_is_null_marked =
            classes()
                    .that()
                    .resideOutsideOfPackage("..wire..")
                    .should(
                            new ArchCondition<>("be in a package marked @NullMarked") {
                                @Override
                                public void check(JavaClass type, ConditionEvents events) {
                                    var home = type.getPackage();
                                    boolean marked =
                                            home.tryGetPackageInfo().isPresent()
                                                    && home.isAnnotatedWith(NullMarked.class);
                                    events.add(
                                            new SimpleConditionEvent(
                                                    type, marked, type.getName() + " in " + home));
                                }
                            });

    @ArchTest
    static final ArchRule time_and_threads_come_from_the_scheduler =
            noClasses()
                    .that()
                    .resideOutsideOfPackages("..wire..", "tensorlink.compute.torch..")
                    .and()
                    .doNotHaveSimpleName("SystemScheduler")
                    .should()
                    .callMethod(System.class, "nanoTime")
                    .orShould()
                    .callMethod(System.class, "currentTimeMillis")
                    .orShould()
                    .callMethod(Thread.class, "sleep", long.class)
                    .orShould()
                    .callMethod(Thread.class, "sleep", java.time.Duration.class)
                    .orShould()
                    .callMethod(Thread.class, "ofVirtual")
                    .orShould()
                    .callMethod(Thread.class, "startVirtualThread", Runnable.class)
                    .orShould()
                    .callMethod(java.time.Instant.class, "now")
                    .orShould()
                    .dependOnClassesThat()
                    .areAssignableTo(ThreadLocalRandom.class);

    @ArchTest
    static final ArchRule only_the_command_line_prints =
            noClasses()
                    .that()
                    .resideOutsideOfPackages("tensorlink.node.cli..", "tensorlink.testnet..")
                    .should()
                    .accessField(System.class, "out")
                    .orShould()
                    .accessField(System.class, "err");

    @ArchTest
    static final ArchRule locks_are_fields_not_methods =
            noMethods()
                    .that()
                    .areDeclaredInClassesThat()
                    .resideOutsideOfPackage("..wire..")
                    .should()
                    .haveModifier(JavaModifier.SYNCHRONIZED)
                    .allowEmptyShould(true);

    @ArchTest
    static final ArchRule public_methods_block_instead_of_promising =
            methods()
                    .that()
                    .arePublic()
                    .and()
                    .areDeclaredInClassesThat()
                    .resideOutsideOfPackage("..wire..")
                    .should()
                    .notHaveRawReturnType(CompletableFuture.class)
                    .allowEmptyShould(true);

    @ArchTest
    static final ArchRule failures_have_types =
            noMethods()
                    .that()
                    .areDeclaredInClassesThat()
                    .resideOutsideOfPackage("..wire..")
                    // The bridges of javac declare what the interface does.
                    .and()
                    .doNotHaveModifier(JavaModifier.BRIDGE)
                    .should()
                    .declareThrowableOfType(
                            HasName.Predicates.name("java.lang.Exception").forSubtype())
                    .allowEmptyShould(true);
}
