package orders;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.client.oidc.web.logout.OidcClientInitiatedLogoutSuccessHandler;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;
import org.springframework.security.oauth2.client.web.DefaultOAuth2AuthorizationRequestResolver;
import org.springframework.security.oauth2.client.web.OAuth2AuthorizationRequestCustomizers;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.csrf.CsrfToken;
import org.springframework.security.web.session.HttpSessionEventPublisher;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.util.HtmlUtils;

/** Sign in, userinfo, sign out, and signed out by Foyer. */
@SpringBootApplication
@RestController
public class Orders {
  public static void main(String[] args) {
    SpringApplication.run(Orders.class, args);
  }

  @Bean
  SecurityFilterChain security(HttpSecurity http, ClientRegistrationRepository clients) throws Exception {
    var signIn = new DefaultOAuth2AuthorizationRequestResolver(clients, "/oauth2/authorization");
    signIn.setAuthorizationRequestCustomizer(OAuth2AuthorizationRequestCustomizers.withPkce());
    var atFoyer = new OidcClientInitiatedLogoutSuccessHandler(clients);
    atFoyer.setPostLogoutRedirectUri("{baseUrl}/"); // as registered, with the slash
    return http
        .authorizeHttpRequests(requests -> requests.requestMatchers("/").permitAll().anyRequest().authenticated())
        .oauth2Login(login -> login.authorizationEndpoint(endpoint -> endpoint.authorizationRequestResolver(signIn)))
        .logout(logout -> logout.logoutSuccessHandler(atFoyer)) // POST /logout
        .oidcLogout(logout -> logout.backChannel(Customizer.withDefaults())) // POST /logout/connect/back-channel/foyer
        .build();
  }

  /** Sessions that end here are forgotten there. */
  @Bean
  HttpSessionEventPublisher sessionEvents() {
    return new HttpSessionEventPublisher();
  }

  @GetMapping(value = "/", produces = "text/html")
  String home(@AuthenticationPrincipal OidcUser person, CsrfToken csrf) {
    if (person == null) {
      return "<!doctype html><title>Orders</title><a href='/oauth2/authorization/foyer'>Sign in</a>";
    }
    return "<!doctype html><title>Orders</title><p id='who'>" + HtmlUtils.htmlEscape(person.getEmail()) + "</p>"
        + "<form method='post' action='/logout'><input type='hidden' name='" + csrf.getParameterName() + "' value='" + csrf.getToken() + "'>"
        + "<button id='logout'>Sign out</button></form>";
  }
}
