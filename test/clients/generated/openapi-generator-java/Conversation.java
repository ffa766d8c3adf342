package conversation;

import com.google.gson.Gson;
import gatehouse.organization.ApiException;
import gatehouse.organization.api.McpServersApi;
import gatehouse.organization.model.ApiKeyServerAuthInput;
import gatehouse.organization.model.AssignmentInput;
import gatehouse.organization.model.McpServer;
import gatehouse.organization.model.McpServerInput;
import gatehouse.organization.model.Problem;
import gatehouse.organization.model.ServerAuthInput;
import gatehouse.user.api.SkillsApi;
import gatehouse.user.model.SkillInput;
import gatehouse.user.model.UserMcpServer;
import java.util.LinkedHashMap;
import java.util.Map;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

/**
 * Uses the clients that openapi-generator generates from both documents, and prints what it observed as JSON. The clients
 * omit null fields. A merge patch with null is therefore sent as text, with the HTTP client that they use.
 */
public final class Conversation {
  private static final Gson JSON = new Gson();
  private static final String BASE = System.getenv("BASE_URL");
  private static final String SLUG = System.getenv("SLUG");
  private static final String EMAIL = System.getenv("USER_EMAIL");

  public static void main(String[] args) throws Exception {
    Map<String, Object> seen = new LinkedHashMap<>();
    organization(seen);
    user(seen);
    System.out.println(JSON.toJson(seen));
  }

  private static void organization(Map<String, Object> seen) throws Exception {
    String token = System.getenv("ADMIN_TOKEN");
    gatehouse.organization.ApiClient client = new gatehouse.organization.ApiClient();
    client.setBasePath(BASE);
    client.addDefaultHeader("Authorization", "Bearer " + token);
    McpServersApi servers = new McpServersApi(client);
    McpServerInput input =
        new McpServerInput()
            .slug(SLUG)
            .name("Weather")
            .transport(McpServerInput.TransportEnum.HTTP)
            .url("https://mcp.example.com")
            .environment("staging")
            .status(McpServerInput.StatusEnum.ACTIVE)
            .auth(new ServerAuthInput(
                new ApiKeyServerAuthInput().type(ApiKeyServerAuthInput.TypeEnum.API_KEY).header("X-Key")))
            .assignment(new AssignmentInput().everyone(true));
    seen.put("created", servers.createMcpServerWithHttpInfo(input, null).getStatusCode());
    McpServer listed =
        servers.listMcpServers(null, null, null, null, null, null, null, null).getData().stream()
            .filter(each -> each.getSlug().equals(SLUG))
            .findFirst()
            .orElseThrow();
    seen.put("everyone", listed.getAssignment().getEveryone());
    seen.put("header", listed.getAuth().getApiKeyServerAuth().getHeader());
    patch(client.getHttpClient(), "/api/mcp-servers/" + SLUG, "{\"environment\":null}", token, null);
    seen.put("hasEnvironment", servers.getMcpServer(SLUG, null).getEnvironment() != null);
    try {
      servers.getMcpServer("missing", null);
    } catch (ApiException error) {
      seen.put("problem", Problem.fromJson(error.getResponseBody()).getType());
    }
  }

  private static void user(Map<String, Object> seen) throws Exception {
    String token = System.getenv("CONNECT_TOKEN");
    gatehouse.user.ApiClient client = new gatehouse.user.ApiClient();
    client.setBasePath(BASE);
    client.addDefaultHeader("Authorization", "Bearer " + token);
    gatehouse.user.api.McpServersApi servers = new gatehouse.user.api.McpServersApi(client);
    boolean isUsable = false;
    for (UserMcpServer each : servers.listMcpServers(null, null, null, null, null, null, null, EMAIL, null).getData()) {
      isUsable = isUsable || each.getSlug().equals(SLUG);
    }
    seen.put("isUsable", isUsable);
    SkillsApi skills = new SkillsApi(client);
    SkillInput input = new SkillInput().slug(SLUG).name("Review").content("# Review").description("Draft");
    seen.put("skillCreated", skills.createSkillWithHttpInfo(input, null, EMAIL).getStatusCode());
    patch(client.getHttpClient(), "/api/skills/" + SLUG, "{\"description\":null}", token, EMAIL);
    seen.put("hasDescription", skills.getSkill(SLUG, EMAIL, null).getDescription() != null);
    try {
      skills.getSkill("missing", EMAIL, null);
    } catch (gatehouse.user.ApiException error) {
      seen.put("userProblem", gatehouse.user.model.Problem.fromJson(error.getResponseBody()).getType());
    }
  }

  private static void patch(OkHttpClient http, String path, String body, String token, String email) throws Exception {
    Request.Builder request =
        new Request.Builder()
            .url(BASE + path)
            .header("Authorization", "Bearer " + token)
            .patch(RequestBody.create(body, MediaType.get("application/merge-patch+json")));
    if (email != null) request.header("x-user-email", email);
    try (Response response = http.newCall(request.build()).execute()) {
      if (!response.isSuccessful()) throw new IllegalStateException(path + " returned " + response.code());
    }
  }
}
