import de.captaingoldfish.scim.sdk.client.ScimClientConfig;
import de.captaingoldfish.scim.sdk.client.ScimRequestBuilder;
import de.captaingoldfish.scim.sdk.client.response.ServerResponse;
import de.captaingoldfish.scim.sdk.common.constants.EndpointPaths;
import de.captaingoldfish.scim.sdk.common.constants.enums.Comparator;
import de.captaingoldfish.scim.sdk.common.constants.enums.PatchOp;
import de.captaingoldfish.scim.sdk.common.resources.Group;
import de.captaingoldfish.scim.sdk.common.resources.User;
import de.captaingoldfish.scim.sdk.common.resources.complex.Name;
import de.captaingoldfish.scim.sdk.common.resources.multicomplex.Email;
import de.captaingoldfish.scim.sdk.common.resources.multicomplex.Member;
import de.captaingoldfish.scim.sdk.common.response.ListResponse;
import java.util.List;
import java.util.Map;

/**
 * Provisions a user and a group with the client of SCIM-SDK. Prints a line for each request: its name, the status, and
 * whether the SDK accepts the response.
 */
public class Conversation {
  public static void main(String[] args) throws Exception {
    var config = ScimClientConfig.builder()
        .httpHeaders(Map.of("Authorization", "Bearer " + System.getenv("TOKEN")))
        .build();
    try (var scim = new ScimRequestBuilder(System.getenv("BASE_URL"), config)) {
      var provider = scim.loadServiceProviderConfiguration();
      System.out.println("ServiceProviderConfig patch=" + provider.getPatchConfig().isSupported());

      var input = User.builder().userName("ada@example.com").active(true).externalId("ext-1")
          .name(Name.builder().givenName("Ada").familyName("Lovelace").build())
          .emails(List.of(Email.builder().value("ada@example.com").type("work").primary(true).build())).build();
      ServerResponse<User> created = scim.create(User.class, EndpointPaths.USERS).setResource(input).sendRequest();
      report("create user", created);
      String id = created.getResource().getId().orElseThrow();

      report("create it again", scim.create(User.class, EndpointPaths.USERS).setResource(input).sendRequest());
      report("get user", scim.get(User.class, EndpointPaths.USERS, id).sendRequest());

      ServerResponse<ListResponse<User>> found = scim.list(User.class, EndpointPaths.USERS)
          .filter("userName", Comparator.EQ, "ADA@example.com").build().get().sendRequest();
      report("find user", found);
      System.out.println("found " + found.getResource().getTotalResults());
      ServerResponse<ListResponse<User>> searched = scim.list(User.class, EndpointPaths.USERS).count(10)
          .post().sendRequest();
      report("search users", searched);

      input.setTitle("Countess");
      report("replace user", scim.update(User.class, EndpointPaths.USERS, id).setResource(input).sendRequest());
      report("patch title", scim.patch(User.class, EndpointPaths.USERS, id)
          .addOperation().op(PatchOp.REPLACE).path("title").value("Analyst").build().sendRequest());
      report("deactivate", scim.patch(User.class, EndpointPaths.USERS, id)
          .addOperation().op(PatchOp.REPLACE).path("active").value("false").build().sendRequest());

      var members = List.of(Member.builder().value(id).type("User").build());
      ServerResponse<Group> group = scim.create(Group.class, EndpointPaths.GROUPS)
          .setResource(Group.builder().displayName("Analysts").members(members).build()).sendRequest();
      report("create group", group);
      String groupId = group.getResource().getId().orElseThrow();
      report("remove member", scim.patch(Group.class, EndpointPaths.GROUPS, groupId)
          .addOperation().op(PatchOp.REMOVE).path("members[value eq \"" + id + "\"]").build().sendRequest());
      report("add member", scim.patch(Group.class, EndpointPaths.GROUPS, groupId)
          .addOperation().op(PatchOp.ADD).path("members").valueNode(members.get(0)).build().sendRequest());
      report("delete group", scim.delete(Group.class, EndpointPaths.GROUPS, groupId).sendRequest());
      report("delete user", scim.delete(User.class, EndpointPaths.USERS, id).sendRequest());
      report("get deleted user", scim.get(User.class, EndpointPaths.USERS, id).sendRequest());
    }
  }

  private static void report(String name, ServerResponse<?> response) {
    System.out.println(name + " " + response.getHttpStatus() + " " + (response.isSuccess() ? "success" : "error"));
  }
}
